// Stops containers in the background: a pass never waits for a grace period, and a shorter one may overtake it.

import type { Pod } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContainerCache } from '../container-cache.ts';
import type { ServedPods } from '../ports.ts';
import { withContainer } from '../records/absorb.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ContainerHooks } from './container-hooks.ts';
import type { StopAction } from './pod-actions.ts';
import type { PodEntry } from './pod-entry.ts';
import type { PodEvents } from './pod-events.ts';
import { untilWithdrawn } from './withdrawal.ts';

/** After a stop that did not work. */
const RETRY_MS = 2_000;
/** After a preStop hook that took all the time; upstream's. */
const MIN_GRACE_SECONDS = 2;

export interface ContainerStopperOptions {
  runtime: Runtime;
  cache: ContainerCache;
  clock: Clock;
  logger: Logger;
  events: PodEvents;
  hooks: ContainerHooks;
  servedPods?: ServedPods;
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
    mark(entry, action);
    void this.#finish(entry, pod, action, deadlineMs);
  }

  async #finish(
    entry: PodEntry,
    pod: Pod | undefined,
    action: StopAction,
    deadlineMs: number,
  ): Promise<void> {
    const { look, lookAfter, logger } = this.#options;
    const id = action.containerId;
    let isStopped = false;
    try {
      const graceSeconds = await this.#graceAfterHook(entry, pod, action, deadlineMs);
      await this.#untilWithdrawn(pod, graceSeconds);
      await this.#options.runtime.stopContainer(id, graceSeconds);
      isStopped = await this.#seeStopped(id);
    } catch (error) {
      logger.warn({ pod: entry.key, container: action.containerName, error: String(error) }, 'stop failed');
    }
    if (entry.memory.stopping.get(id) === deadlineMs) entry.memory.stopping.delete(id);
    if (isStopped) this.#options.hooks.forget(id);
    if (isStopped) look(entry.key);
    else lookAfter(entry.key, RETRY_MS);
  }

  /** The preStop hook is part of the grace; what ignores SIGTERM still gets a moment after it. */
  async #graceAfterHook(
    entry: PodEntry,
    pod: Pod | undefined,
    { containerId, containerName, graceSeconds }: StopAction,
    deadlineMs: number,
  ): Promise<number> {
    if (graceSeconds <= 0) return 0;
    const { hooks, clock } = this.#options;
    const hadHook = await hooks.preStop(entry, pod, containerName, containerId, graceSeconds * 1000);
    if (!hadHook) return graceSeconds;
    return Math.max(MIN_GRACE_SECONDS, Math.ceil((deadlineMs - clock.monotonicMs()) / 1000));
  }

  /** A container that is started again keeps its clients. */
  async #untilWithdrawn(pod: Pod | undefined, graceSeconds: number): Promise<void> {
    const { servedPods, clock } = this.#options;
    if (!servedPods || !pod?.metadata.deletionTimestamp || graceSeconds <= 0) return;
    await untilWithdrawn(pod.metadata.uid, graceSeconds * 1000, servedPods, clock);
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

/** What comes after the stop has to survive the agent. */
function mark(entry: PodEntry, { containerName, next }: StopAction): void {
  const record = entry.record.containers[containerName];
  if (!record || next === 'stay') return;
  const why = next === 'replace' ? { replacing: true } : { unhealthy: true };
  entry.record = withContainer(entry.record, containerName, { ...record, ...why });
}
