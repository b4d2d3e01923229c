// The pods of DaemonSets and StatefulSets: claimed, made and deleted. A pod whose deletion was asked for shows as
// going at once and stays until it is really gone, so that nothing takes its place on a board too early.
import { pods } from '../api/kinds/pod.ts';
import { keyOf, type Pod, timestamp } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import { isNotFound } from '../api/status-error.ts';
import type { NewObject } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { ClaimWriter, claimsOf } from './claims.ts';
import type { ControllerOptions } from './controller-options.ts';
import { controllerOf } from './pod-state.ts';
import { selectorOf, type Workload } from './workload-owner.ts';

export class OwnedPods<T extends Workload> {
  readonly #options: ControllerOptions;
  readonly #claims: ClaimWriter<T, Pod>;
  readonly #written: WrittenObjects<Pod>;
  /** Uid → key of pods whose deletion was accepted and not yet heard of. */
  readonly #going = new Map<string, string>();

  constructor(options: ControllerOptions, kind: KindDefinition<T>, informer: Informer<Pod>) {
    this.#options = options;
    this.#written = new WrittenObjects(informer);
    const { client } = options;
    this.#claims = new ClaimWriter({ client, ownerKind: kind, kind: pods, written: this.#written });
  }

  /** Those that `owner` controls, own writes included. */
  of(owner: T): Pod[] {
    return this.#all(owner).filter((pod) => controllerOf(pod)?.uid === owner.metadata.uid);
  }

  /** Adopts orphans that `owner` selects and that `mayAdopt` lets in, and releases what it no longer selects. */
  claim(owner: T, mayAdopt?: (pod: Pod) => boolean): Promise<void> {
    return this.#claims.write(owner, claimsOf(owner, selectorOf(owner), this.#all(owner), mayAdopt));
  }

  async create(pod: NewObject<Pod>): Promise<Pod> {
    const made = await this.#options.client.create(pods, pod);
    this.#written.wrote(made);
    return made;
  }

  /** Resolves to false when it was gone already. */
  async delete(pod: Pod): Promise<boolean> {
    const { uid } = pod.metadata;
    try {
      await this.#options.client.delete(pods, keyOf(pod), { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return false;
    }
    this.#going.set(uid, keyOf(pod));
    return true;
  }

  /** A merge of `metadata`, guarded by the pod's revision. */
  async patchMetadata(pod: Pod, metadata: object): Promise<void> {
    const { uid, resourceVersion } = pod.metadata;
    const body = { metadata: { uid, resourceVersion, ...metadata } };
    try {
      this.#written.wrote(await this.#options.client.patch(pods, keyOf(pod), { type: 'merge', body }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #all(owner: T): Pod[] {
    this.#settle();
    const deletionTimestamp = timestamp(this.#options.clock.now());
    return this.#written
      .list(owner.metadata.namespace ?? '')
      .map((pod) =>
        this.#going.has(pod.metadata.uid)
          ? { ...pod, metadata: { ...pod.metadata, deletionTimestamp } }
          : pod,
      );
  }

  /** Lets go of what the cache shows as going, or no longer shows. */
  #settle(): void {
    for (const [uid, key] of this.#going) {
      const seen = this.#written.get(key);
      if (seen?.metadata.uid !== uid || seen.metadata.deletionTimestamp) this.#going.delete(uid);
    }
  }
}
