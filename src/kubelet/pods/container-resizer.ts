// Gives containers that run what they were granted, without a restart, and says how a resize goes on.
import type { core, Pod } from '../../api/objects.ts';
import { exponentialBackoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { cgroupResources } from '../config/cgroup-resources.ts';
import { withContainer } from '../records/absorb.ts';
import { type Runtime, RuntimeError } from '../runtime/runtime.ts';
import { isResized, isResizeWanted } from './allocation.ts';
import type { PodAction } from './pod-actions.ts';
import type { PodEntry } from './pod-entry.ts';
import type { PodEvents } from './pod-events.ts';

type Resize = Extract<PodAction, { do: 'resizeContainer' }>;
type Allocate = Extract<PodAction, { do: 'allocate' }>;

const RESIZE_BACKOFF = { initialMs: 10_000, maxMs: 300_000 };

export interface ContainerResizerOptions {
  runtime: Pick<Runtime, 'updateResources'>;
  clock: Clock;
  events: PodEvents;
}

export class ContainerResizer {
  readonly #options: ContainerResizerOptions;

  constructor(options: ContainerResizerOptions) {
    this.#options = options;
  }

  allocate(entry: PodEntry, pod: Pod, { resources, isResize }: Allocate): void {
    entry.record = { ...entry.record, allocated: resources };
    entry.memory.resizeFailures.clear();
    if (isResize) this.#tell(entry, pod, 'ResizeStarted', 'started');
  }

  async resize(entry: PodEntry, pod: Pod, { containerId, containerName: name }: Resize): Promise<void> {
    const wanted = entry.record.allocated?.[name];
    const known = entry.record.containers[name];
    if (!wanted || !known) return;
    try {
      await this.#options.runtime.updateResources(containerId, cgroupResources(wanted));
      entry.memory.resizeFailures.delete(name);
      entry.record = withContainer(entry.record, name, { ...known, resources: wanted });
      if (isResized(entry.record)) this.#tell(entry, pod, 'ResizeCompleted', 'completed');
    } catch (error) {
      this.#noteFailure(entry, pod, name, error);
    }
  }

  #noteFailure(entry: PodEntry, pod: Pod, name: string, error: unknown): void {
    if (!(error instanceof RuntimeError) || error.reason === 'RuntimeUnavailable') throw error;
    const failures = (entry.memory.resizeFailures.get(name)?.failures ?? 0) + 1;
    const retryAtMs = this.#options.clock.monotonicMs() + exponentialBackoffMs(RESIZE_BACKOFF, failures);
    const { reason, message } = error;
    entry.memory.resizeFailures.set(name, { reason, message, failures, retryAtMs });
    this.#options.events.warning(entry, pod, 'ResizeError', `Pod resize error: ${message}`, name);
  }

  #tell(entry: PodEntry, pod: Pod, reason: string, what: string): void {
    if (isResizeWanted(pod, entry.record)) return;
    const resources = ({ limits, requests }: core.ResourceRequirements) => ({ limits, requests });
    const allocated = Object.entries(entry.record.allocated ?? {});
    const containers = allocated.map(([name, size]) => ({ name, resources: resources(size) }));
    const detail = JSON.stringify({ containers, generation: pod.metadata.generation });
    this.#options.events.normal(entry, pod, reason, `Pod resize ${what}: ${detail}`);
  }
}
