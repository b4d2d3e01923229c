// What this board knows of what is wanted: the master's complete set, or, until the first one has come, the
// checkpoint of the last. A checkpoint starts pods but removes none.
import type { Pod } from '../api/objects.ts';
import type { Checkpoint, CheckpointContent } from './checkpoint.ts';
import type { DesiredView } from './pods/pod-reconciler.ts';
import type { DesiredSource, ServiceEnvironment } from './ports.ts';

export interface KnownDesiredOptions {
  desired: DesiredSource;
  serviceEnvironment: ServiceEnvironment;
  checkpoint: Checkpoint;
  podCIDR(): string | undefined;
}

export class KnownDesired {
  readonly #options: KnownDesiredOptions;
  #checkpointed: CheckpointContent | undefined;
  #hasCompleteSet = false;

  constructor(options: KnownDesiredOptions) {
    this.#options = options;
  }

  async restore(): Promise<void> {
    const { desired, checkpoint } = this.#options;
    this.#hasCompleteSet = desired.current() !== undefined;
    if (!this.#hasCompleteSet) this.#checkpointed = await checkpoint.load();
  }

  /** True once: when the first complete set is here, and all of the board is to be compared with it. */
  takeFirstCompleteSet(): boolean {
    if (this.#hasCompleteSet || !this.#options.desired.current()) return false;
    this.#hasCompleteSet = true;
    this.#checkpointed = undefined;
    return true;
  }

  view(): DesiredView | undefined {
    const state = this.#options.desired.current();
    if (state) return { state, isComplete: true };
    return this.#checkpointed && { state: this.#checkpointed.desired, isComplete: false };
  }

  /** This board's pod range: as the network says, or as it was when the master was last in sight. */
  podCIDR(): string | undefined {
    return this.#options.podCIDR() ?? this.#checkpointed?.podCIDR;
  }

  /** Why no pod can be started yet. */
  networkProblem(): string | undefined {
    if (!this.podCIDR()) return 'the board has not been given its pod range yet';
    if (this.#areServicesKnown() || this.#checkpointed) return undefined;
    return 'the Services of the cluster have not been received yet';
  }

  /** `undefined` while neither the master nor the checkpoint has told. */
  serviceVariables(pod: Pod): Readonly<Record<string, string>> | undefined {
    const namespace = pod.metadata.namespace ?? 'default';
    if (!this.#areServicesKnown()) return this.#checkpointed?.serviceVariables[namespace];
    return this.#options.serviceEnvironment.forNamespace(namespace, pod.spec.enableServiceLinks ?? true);
  }

  /** Something that a checkpoint holds may have changed. */
  noteChange(): void {
    this.#options.checkpoint.changed(() => this.#checkpointContent());
  }

  #areServicesKnown(): boolean {
    return this.#options.serviceEnvironment.isReady?.() ?? true;
  }

  #checkpointContent(): CheckpointContent | undefined {
    const desired = this.#options.desired.current();
    const podCIDR = this.#options.podCIDR();
    if (!desired || !podCIDR || !this.#areServicesKnown()) return undefined;
    const { serviceEnvironment } = this.#options;
    const names = new Set([...desired.pods.values()].map((pod) => pod.metadata.namespace ?? 'default'));
    const variables = [...names].sort().map((name) => [name, serviceEnvironment.forNamespace(name)] as const);
    return { desired, serviceVariables: Object.fromEntries(variables), podCIDR };
  }
}
