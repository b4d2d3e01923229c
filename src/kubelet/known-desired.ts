// What this board knows of what is wanted: the master's complete set, or, until the first one has come, the
// checkpoint of the last; and the board's own static pods. A checkpoint starts pods but removes none.
import type { Pod } from '../api/objects.ts';
import { type Checkpoint, type CheckpointFile, checkpointOf, desiredStateOf } from './checkpoint.ts';
import type { DesiredView } from './pods/pod-reconciler.ts';
import type { DesiredSource, DesiredState, ServiceEnvironment, StaticPodSource } from './ports.ts';

const NOTHING: DesiredState = {
  pods: new Map(),
  configMaps: new Map(),
  secrets: new Map(),
  volumes: new Map(),
};

export interface KnownDesiredOptions {
  desired: DesiredSource;
  serviceEnvironment: ServiceEnvironment;
  checkpoint: CheckpointFile;
  podCIDR(): string | undefined;
  staticPods: StaticPodSource | undefined;
}

export class KnownDesired {
  readonly #options: KnownDesiredOptions;
  #checkpointed: DesiredState | undefined;
  #hasCompleteSet = false;
  #joined: { state: DesiredState; of: DesiredState; pods: ReadonlyMap<string, Pod> } | undefined;
  /** Keys of static pods of this process' life. */
  readonly #staticKeys = new Set<string>();

  constructor(options: KnownDesiredOptions) {
    this.#options = options;
  }

  async restore(): Promise<void> {
    const { desired, checkpoint } = this.#options;
    this.#hasCompleteSet = desired.current() !== undefined;
    if (this.#hasCompleteSet) return;
    const content = (await checkpoint.load()) as Checkpoint | undefined;
    this.#checkpointed = content && desiredStateOf(content);
  }

  /** True once: when the first complete set is here, and all of the board is to be compared with it. */
  takeFirstCompleteSet(): boolean {
    if (this.#hasCompleteSet || !this.#options.desired.current()) return false;
    this.#hasCompleteSet = true;
    this.#checkpointed = undefined;
    return true;
  }

  view(): DesiredView | undefined {
    const wanted = this.#options.desired.current();
    const known = wanted ?? this.#checkpointed;
    const own = this.#options.staticPods?.current();
    if (!known && !own?.size && this.#staticKeys.size === 0) return undefined;
    const state = own?.size ? this.#join(known ?? NOTHING, own) : (known ?? NOTHING);
    return { state, isComplete: wanted !== undefined, mayRemove: (key) => this.#staticKeys.has(key) };
  }

  /** A file on the board stands above a pod of the same name. */
  #join(of: DesiredState, pods: ReadonlyMap<string, Pod>): DesiredState {
    if (this.#joined?.of === of && this.#joined.pods === pods) return this.#joined.state;
    for (const key of pods.keys()) this.#staticKeys.add(key);
    const state = { ...of, pods: new Map([...of.pods, ...pods]) };
    this.#joined = { state, of, pods };
    return state;
  }

  /** Why no pod can be started yet. */
  networkProblem(): string | undefined {
    if (!this.#options.podCIDR()) return 'the board has no pod range yet, or not the rules for it';
    return this.#areServicesKnown() ? undefined : 'the Services of the cluster have not been received yet';
  }

  /** `undefined` while the Services are not known. */
  serviceVariables(pod: Pod): Readonly<Record<string, string>> | undefined {
    if (!this.#areServicesKnown()) return undefined;
    const { namespace = 'default' } = pod.metadata;
    return this.#options.serviceEnvironment.forNamespace(namespace, pod.spec.enableServiceLinks ?? true);
  }

  /** Something that a checkpoint holds may have changed. */
  noteChange(): void {
    this.#options.checkpoint.changed(() => {
      const desired = this.#options.desired.current();
      return desired && checkpointOf(desired);
    });
  }

  #areServicesKnown(): boolean {
    return this.#options.serviceEnvironment.isReady?.() ?? true;
  }
}
