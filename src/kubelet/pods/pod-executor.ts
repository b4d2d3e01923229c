// Carries out one typed action; all thinking was done by the decision.
import type { Pod } from '../../api/objects.ts';
import type { ContainerCache } from '../container-cache.ts';
import type { PodRecord } from '../records/pod-record.ts';
import type { RecordStore } from '../records/record-store.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Volumes } from '../volumes/pod-volumes.ts';
import type { ContainerHooks } from './container-hooks.ts';
import type { ContainerResizer } from './container-resizer.ts';
import type { ContainerStarter } from './container-starter.ts';
import type { ContainerStopper } from './container-stopper.ts';
import type { ImagePuller } from './image-puller.ts';
import type { PodAction, TellAction } from './pod-actions.ts';
import type { PodEntry } from './pod-entry.ts';
import type { PodEvents } from './pod-events.ts';

export interface PodExecutorOptions {
  runtime: Runtime;
  cache: ContainerCache;
  records: RecordStore;
  volumes: Volumes;
  events: PodEvents;
  hooks: ContainerHooks;
  images: ImagePuller;
  resizer: ContainerResizer;
  starter: ContainerStarter;
  stopper: ContainerStopper;
}

export class PodExecutor {
  readonly #options: PodExecutorOptions;

  constructor(options: PodExecutorOptions) {
    this.#options = options;
  }

  /** In order; a failure that is the pod's own is noted in its entry, any other rejects. */
  async run(entry: PodEntry, pod: Pod | undefined, actions: readonly PodAction[]): Promise<void> {
    for (const action of actions) await this.#one(entry, pod, action);
  }

  async #one(entry: PodEntry, pod: Pod | undefined, action: PodAction): Promise<void> {
    const { hooks, images, resizer, starter, stopper } = this.#options;
    switch (action.do) {
      case 'tell':
        return this.#tell(entry, pod, action);
      case 'stop':
        return stopper.stop(entry, pod, action);
      case 'stopSandbox':
        return this.#stopSandbox(action.containerId);
      case 'removeContainers':
        return this.#removeContainers(entry, pod, action.remake);
      case 'removeContainer':
        return this.#removeContainer(action.containerId);
      case 'removeVolumes':
        return this.#removeVolumes(entry);
      case 'forget':
        return this.#forget(entry);
      case 'postStart':
        return pod && hooks.postStart(entry, pod, action);
      case 'allocate':
        return pod && resizer.allocate(entry, pod, action);
      case 'resizeContainer':
        return pod && resizer.resize(entry, pod, action);
      case 'finish':
        entry.record = {
          ...entry.record,
          finished: action.phase,
          ...(action.why ? { finishedFor: action.why } : {}),
        };
        return;
      case 'startSandbox':
        return pod && starter.startSandbox(entry, pod, action.attempt);
      case 'ensureImage':
        return pod && images.ensure(entry, pod, action);
      case 'startContainer':
        return pod && starter.startContainer(entry, pod, action);
    }
  }

  #tell(
    entry: PodEntry,
    pod: Pod | undefined,
    { topic, detail, type, reason, message, containerName }: TellAction,
  ): void {
    const { events } = this.#options;
    entry.memory.told.set(topic, detail);
    if (type === 'Normal') events.normal(entry, pod, reason, message, containerName);
    else events.warning(entry, pod, reason, message, containerName);
  }

  async #stopSandbox(id: string): Promise<void> {
    const { runtime, cache } = this.#options;
    await runtime.stopContainer(id, 0);
    const found = await runtime.inspect(id);
    if (found) cache.put(found);
    else cache.remove(id);
  }

  async #removeContainers(entry: PodEntry, pod: Pod | undefined, remake: boolean): Promise<void> {
    const { runtime, cache, events } = this.#options;
    if (remake) {
      events.normal(entry, pod, 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
    }
    await runtime.removeSandbox(entry.uid);
    cache.removePod(entry.uid);
    if (remake) entry.record = withoutAddress(entry.record);
    entry.memory.images.clear();
    entry.memory.startFailures.clear();
  }

  async #removeContainer(id: string): Promise<void> {
    const { runtime, cache } = this.#options;
    await runtime.removeContainer(id);
    cache.remove(id);
  }

  async #removeVolumes(entry: PodEntry): Promise<void> {
    await this.#options.volumes.remove(entry.uid);
    entry.memory.hasNoVolumes = true;
  }

  async #forget(entry: PodEntry): Promise<void> {
    const { runtime, records, volumes } = this.#options;
    await volumes.remove(entry.uid);
    await runtime.removeLogs(entry.uid);
    await records.remove(entry.uid);
    entry.memory.forgotten = true;
  }
}

/** The pod has no address now; the next sandbox asks for the same one, from which the second follows. */
function withoutAddress({ podIP, podIPv6: _, ...record }: PodRecord): PodRecord {
  return podIP === undefined ? record : { ...record, podIPBefore: podIP };
}
