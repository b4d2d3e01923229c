// Stops containers in the background: a pass never waits for a grace period, and a shorter one may overtake it.

import type { Pod } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContainerCache } from '../container-cache.ts';
import { withContainer } from '../records/absorb.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { StopAction } from './pod-actions.ts';
import type { PodEntry } from './pod-entry.ts';
import type { PodEvents } from './pod-events.ts';

/** After a stop that did not work. */
const RETRY_MS = 2_000;

export interface ContainerStopperOptions {
  runtime: Runtime;
  cache: ContainerCache;
  clock: Clock;
  logger: Logger;
  events: PodEvents;
  look(key: string): void;
  lookAfter(key: string, delayMs: number): void;
}

export class ContainerStopper {
  readonly #options: ContainerStopperOptions;

  constructor(options: ContainerStopperOptions) {
    this.#options = options;
  }

  stop(entry: PodEntry, pod: Pod | undefined, action: StopAction): void {
    const { stopping } = entry.memory;
    const isFirst = !stopping.has(action.containerId);
    const deadlineMs = this.#options.clock.monotonicMs() + action.graceSeconds * 1000;
    stopping.set(action.containerId, deadlineMs);
    if (isFirst) this.#options.events.normal(entry, pod, 'Killing', action.why, action.containerName);
    if (action.replacing) markReplacing(entry, action.containerName);
    void this.#finish(entry, action, deadlineMs);
  }

  async #finish(entry: PodEntry, action: StopAction, deadlineMs: number): Promise<void> {
    const { look, lookAfter, logger } = this.#options;
    const id = action.containerId;
    let isStopped = false;
    try {
      await this.#options.runtime.stopContainer(id, action.graceSeconds);
      isStopped = await this.#seeStopped(id);
    } catch (error) {
      logger.warn({ pod: entry.key, container: action.containerName, error: String(error) }, 'stop failed');
    }
    if (entry.memory.stopping.get(id) === deadlineMs) entry.memory.stopping.delete(id);
    if (isStopped) look(entry.key);
    else lookAfter(entry.key, RETRY_MS);
  }

  async #seeStopped(id: string): Promise<boolean> {
    const { runtime, cache } = this.#options;
    const snapshot = cache.beforeAsking();
    try {
      const found = await runtime.inspect(id);
      cache.applyInspect(snapshot, id, found);
      return found?.state !== 'running';
    } finally {
      cache.doneAsking(snapshot);
    }
  }
}

function markReplacing(entry: PodEntry, name: string): void {
  const record = entry.record.containers[name];
  if (record) entry.record = withContainer(entry.record, name, { ...record, replacing: true });
}
