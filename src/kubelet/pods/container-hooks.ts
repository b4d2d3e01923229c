// Runs the hooks of containers beside the passes: a start or a stop waits for them, a pass never does.
import type { core, Pod } from '../../api/objects.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import { withContainer } from '../records/absorb.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { PodAction } from './pod-actions.ts';
import { containerOf, type PodEntry } from './pod-entry.ts';
import type { PodEvents } from './pod-events.ts';

export interface ContainerHooksOptions {
  runtime: Pick<Runtime, 'execSync'>;
  clock: Clock;
  events: PodEvents;
  hostAddresses(): readonly string[];
  look(key: string): void;
}

type PostStart = Extract<PodAction, { do: 'postStart' }>;

interface Hook {
  entry: PodEntry;
  pod: Pod;
  container: core.Container;
  containerId: string;
}

export class ContainerHooks {
  readonly #options: ContainerHooksOptions;
  /** preStop hooks under way or done, by container id: a stop that is hurried on runs none a second time. */
  readonly #preStops = new Map<string, Promise<void>>();

  constructor(options: ContainerHooksOptions) {
    this.#options = options;
  }

  /** Its state is in the entry's memory until it has ended well; failing, it is the container's end. */
  postStart(entry: PodEntry, pod: Pod, { containerId, containerName }: PostStart): void {
    const container = containerOf(pod, containerName);
    const handler = container?.lifecycle?.postStart;
    if (!handler) return;
    entry.memory.postStarts.set(containerId, 'running');
    void this.#postStart({ entry, pod, container, containerId }, handler);
  }

  /** Resolves when the hook has ended, whichever way, or `withinMs` are over; with whether there is one. */
  async preStop(
    entry: PodEntry,
    pod: Pod | undefined,
    name: string,
    id: string,
    withinMs: number,
  ): Promise<boolean> {
    const container = pod && containerOf(pod, name);
    const handler = container?.lifecycle?.preStop;
    if (!pod || !container || !handler) return false;
    const hook = { entry, pod, container, containerId: id };
    const known = this.#preStops.get(id) ?? this.#preStop(hook, handler, withinMs);
    this.#preStops.set(id, known);
    await Promise.race([known, sleep(this.#options.clock, withinMs)]);
    return true;
  }

  /** The container is stopped. */
  forget(id: string): void {
    this.#preStops.delete(id);
  }

  async #postStart(hook: Hook, handler: core.LifecycleHandler): Promise<void> {
    const { entry, containerId } = hook;
    const { postStarts } = entry.memory;
    try {
      await this.#run(hook, handler, new AbortController().signal);
      noteDone(hook);
      postStarts.delete(containerId);
    } catch (error) {
      postStarts.set(containerId, 'failed');
      this.#tell(hook, 'FailedPostStartHook', `PostStartHook failed: ${(error as Error).message}`);
    }
    this.#options.look(entry.key);
  }

  async #preStop(hook: Hook, handler: core.LifecycleHandler, withinMs: number): Promise<void> {
    const timeout = new AbortController();
    const timer = this.#options.clock.after(withinMs, () => timeout.abort());
    try {
      await this.#run(hook, handler, timeout.signal);
    } catch (error) {
      this.#tell(hook, 'FailedPreStopHook', `PreStopHook failed: ${(error as Error).message}`);
    } finally {
      timer.cancel();
    }
  }

  async #run(hook: Hook, handler: core.LifecycleHandler, signal: AbortSignal): Promise<void> {
    const { entry, pod, container, containerId } = hook;
    const { runHook } = await import('../probes/run-hook.ts');
    const hostIP = this.#options.hostAddresses()[0];
    const podIP = (pod.spec.hostNetwork ? hostIP : entry.record.podIP) ?? '127.0.0.1';
    const { runtime } = this.#options;
    await runHook({ runtime, container, containerId, handler, podIP, signal });
  }

  #tell({ entry, pod, container }: Hook, reason: string, message: string): void {
    this.#options.events.warning(entry, pod, reason, message, container.name);
  }
}

function noteDone({ entry, container, containerId }: Hook): void {
  const record = entry.record.containers[container.name];
  if (record?.containerId !== containerId) return;
  const { isInPostStart: _, ...done } = record;
  entry.record = withContainer(entry.record, container.name, done);
}
