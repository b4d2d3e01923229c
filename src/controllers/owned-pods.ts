// The pods of every kind of workload: claimed, made and deleted in one way. A pod whose deletion was asked for shows as
// going at once and stays until it is really gone, so that nothing takes its place on a board too early.

import { pods } from '../api/kinds/pod.ts';
import type { LabelSelector } from '../api/label-selector.ts';
import { type KubeObject, keyOf, type Pod, timestamp } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import { isConflict, isNotFound } from '../api/status-error.ts';
import type { NewObject } from '../client/client.ts';
import { WrittenObjects } from '../client/written-objects.ts';
import { type Claims, ClaimWriter, claimsOf } from './claims.ts';
import type { ControllerOptions } from './controller-options.ts';
import { controllerOf } from './pod-state.ts';

/** Whose pods they are. */
export interface PodOwners<T extends KubeObject> {
  kind: KindDefinition<T>;
  selectorOf(owner: T): LabelSelector;
  /** Held by each pod until its owner lets it go. */
  finalizer?: string;
}

export class OwnedPods<T extends KubeObject> {
  readonly #options: ControllerOptions;
  readonly #owners: PodOwners<T>;
  readonly #claims: ClaimWriter<T, Pod>;
  readonly #written: WrittenObjects<Pod>;
  /** Uid → key of pods whose deletion was accepted and not yet heard of. */
  readonly #going = new Map<string, string>();

  constructor(options: ControllerOptions, owners: PodOwners<T>) {
    const { client, informers } = options;
    this.#options = options;
    this.#owners = owners;
    this.#written = new WrittenObjects(informers.for(pods));
    const { kind: ownerKind, finalizer } = owners;
    this.#claims = new ClaimWriter({ client, ownerKind, kind: pods, written: this.#written, finalizer });
  }

  /** Those that `owner` controls, own writes included. */
  of(owner: T): Pod[] {
    return this.beside(owner).filter((pod) => controllerOf(pod)?.uid === owner.metadata.uid);
  }

  /** Adopts orphans that `owner` selects and that `mayAdopt` lets in, and releases what it no longer selects. */
  claim(owner: T, mayAdopt?: (pod: Pod) => boolean): Promise<void> {
    const selector = this.#owners.selectorOf(owner);
    return this.write(owner, claimsOf(owner, selector, this.beside(owner), mayAdopt));
  }

  /** As {@link claim}, of what was decided before. */
  write(owner: T, claims: Pick<Claims<Pod>, 'adopt' | 'release'>): Promise<void> {
    return this.#claims.write(owner, claims);
  }

  async create(pod: NewObject<Pod>): Promise<Pod> {
    const made = await this.#options.client.create(pods, pod);
    this.#written.wrote(made);
    return made;
  }

  /** Resolves to false when it was gone already, or is another pod of that name by now. */
  async delete(pod: Pod): Promise<boolean> {
    const { uid } = pod.metadata;
    try {
      await this.#options.client.delete(pods, keyOf(pod), { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
      return false;
    }
    this.#going.set(uid, keyOf(pod));
    return true;
  }

  /** A merge of `metadata`, guarded by the pod's revision. */
  patchMetadata(pod: Pod, metadata: object): Promise<void> {
    const { uid, resourceVersion } = pod.metadata;
    return this.#patch(pod, 'merge', { uid, resourceVersion, ...metadata });
  }

  /** Takes the owners' finalizer off the pod, whatever else changes in it meanwhile. */
  async letGo(pod: Pod): Promise<void> {
    const { finalizer } = this.#owners;
    const { uid, finalizers = [] } = this.#latest(pod).metadata;
    if (!finalizer || !finalizers.includes(finalizer)) return;
    await this.#patch(pod, 'strategic', { uid, '$deleteFromPrimitiveList/finalizers': [finalizer] });
  }

  /** As it was last written or heard of. */
  #latest(pod: Pod): Pod {
    const known = this.#written.get(keyOf(pod));
    return known?.metadata.uid === pod.metadata.uid ? known : pod;
  }

  async #patch(pod: Pod, type: 'merge' | 'strategic', metadata: object): Promise<void> {
    try {
      const body = { metadata };
      this.#written.wrote(await this.#options.client.patch(pods, keyOf(pod), { type, body }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** All of the owner's namespace, own writes included. */
  beside(owner: T): Pod[] {
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
