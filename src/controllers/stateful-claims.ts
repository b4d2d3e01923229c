// The PersistentVolumeClaims of a StatefulSet's pods: made before the pod, and kept or let go with it as the set's
// retention policy says.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage
import { persistentVolumeClaims } from '../api/kinds/persistent-volume-claim.ts';
import { keyOf, type meta, type PersistentVolumeClaim, type Pod, type StatefulSet } from '../api/objects.ts';
import { isAlreadyExists, isNotFound } from '../api/status-error.ts';
import { messageOf } from '../base/error-message.ts';
import type { NewObject } from '../client/client.ts';
import type { ControllerOptions } from './controller-options.ts';
import { ordinalOf, podNameOf, volumeClaimsOf } from './stateful-pod.ts';
import { goesWithFormerPod, ownersToSet } from './stateful-retention.ts';
import { isScaledAway } from './stateful-world.ts';

export class StatefulClaims {
  readonly #options: ControllerOptions;
  readonly #component: string;

  /** `component` is who the events are from. */
  constructor(options: ControllerOptions, component: string) {
    this.#options = options;
    this.#component = component;
  }

  /** Makes what is missing. Rejects with the server's refusal, and while an old claim of that name goes or is about to. */
  async ensure(set: StatefulSet, ordinal: number): Promise<void> {
    const { lister } = this.#options.informers.for(persistentVolumeClaims);
    for (const claim of volumeClaimsOf(set, ordinal)) {
      const known = lister.get(keyOf(claim as PersistentVolumeClaim));
      if (known?.metadata.deletionTimestamp) throw new Error(`pvc ${keyOf(known)} is being deleted`);
      if (known && goesWithFormerPod(set, ordinal, known)) {
        throw new Error(`pvc ${keyOf(known)} still goes with the pod that was scaled away`);
      }
      if (!known) await this.#make(set, ordinal, claim);
    }
  }

  /** Makes each claim's owners those that the policy asks for: before a pod is scaled away, and after a change of it. */
  async retain(set: StatefulSet, pods: readonly Pod[]): Promise<void> {
    const { lister } = this.#options.informers.for(persistentVolumeClaims);
    for (const pod of pods) {
      const ordinal = ordinalOf(set, pod);
      if (ordinal === undefined) continue;
      for (const { metadata } of volumeClaimsOf(set, ordinal)) {
        const claim = lister.get(`${metadata.namespace}/${metadata.name}`);
        const owners = claim && ownersToSet(set, pod, isScaledAway(set, ordinal), claim);
        if (owners) await this.#setOwners(claim, owners);
      }
    }
  }

  async #setOwners(
    { metadata }: PersistentVolumeClaim,
    ownerReferences: meta.OwnerReference[],
  ): Promise<void> {
    const { uid, resourceVersion } = metadata;
    const body = { metadata: { uid, resourceVersion, ownerReferences } };
    try {
      const key = keyOf({ metadata });
      await this.#options.client.patch(persistentVolumeClaims, key, { type: 'merge', body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #make(set: StatefulSet, ordinal: number, claim: NewObject<PersistentVolumeClaim>): Promise<void> {
    const pod = podNameOf(set, ordinal);
    const what = `create Claim ${claim.metadata.name} Pod ${pod} in StatefulSet ${set.metadata.name}`;
    try {
      await this.#options.client.create<PersistentVolumeClaim>(persistentVolumeClaims, claim);
    } catch (error) {
      if (isAlreadyExists(error)) return;
      this.#record(set, 'Warning', 'FailedCreate', `${what} failed error: ${messageOf(error)}`);
      throw error;
    }
    this.#record(set, 'Normal', 'SuccessfulCreate', `${what} success`);
  }

  #record(set: StatefulSet, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const component = this.#component;
    this.#options.recorder.record({ object: set, type, reason, message, component });
  }
}
