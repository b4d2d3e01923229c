// The claims of pods' own volumes: made from the template in the pod's spec, owned by the pod and removed with it. A
// claim of that name which somebody else made is left alone, and the pod waits.
// https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
import { persistentVolumeClaims } from '../api/kinds/persistent-volume-claim.ts';
import { pods } from '../api/kinds/pod.ts';
import { type core, keyOf, type PersistentVolumeClaim, type Pod } from '../api/objects.ts';
import { claimKeysOf, claimNameOf, ephemeralVolumesOf, foreignClaim } from '../api/pod-claims.ts';
import { isAlreadyExists } from '../api/status-error.ts';
import type { Component } from '../base/component.ts';
import { messageOf } from '../base/error-message.ts';
import type { NewObject } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';
import { controllerReference } from './claims.ts';
import { Controller } from './controller.ts';
import type { ControllerOptions } from './controller-options.ts';

const NAME = 'ephemeral_volume';

export class EphemeralVolumeController implements Component {
  readonly #options: ControllerOptions;
  readonly #pods: Informer<Pod>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #controller: Controller;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#pods = options.informers.for(pods);
    this.#claims = options.informers.for(persistentVolumeClaims);
    this.#controller = new Controller('ephemeral-volumes', (key) => this.#reconcile(key), options);
    const look = (pod: Pod) => {
      if (ephemeralVolumesOf(pod).length > 0) this.#controller.enqueue(keyOf(pod));
    };
    this.#controller.follows(this.#pods, { onAdd: look });
    this.#controller.follows(this.#claims, { onDelete: (claim) => this.#usersOf(claim).forEach(look) });
  }

  start(): Promise<void> {
    return this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  #usersOf(claim: PersistentVolumeClaim): Pod[] {
    const inNamespace = this.#pods.lister.inNamespace(claim.metadata.namespace ?? '');
    return inNamespace.filter((pod) => claimKeysOf(pod).includes(keyOf(claim)));
  }

  async #reconcile(key: string): Promise<void> {
    const pod = this.#pods.lister.get(key);
    if (!pod || pod.metadata.deletionTimestamp) return;
    for (const volume of ephemeralVolumesOf(pod)) {
      try {
        await this.#ensure(pod, volume);
      } catch (error) {
        this.#tell(pod, `ephemeral volume ${volume.name}: ${messageOf(error)}`);
        throw error;
      }
    }
  }

  async #ensure(pod: Pod, volume: core.Volume): Promise<void> {
    const wanted = ephemeralClaim(pod, volume);
    const { name } = wanted.metadata;
    const known =
      this.#claims.lister.get(`${pod.metadata.namespace}/${name}`) ?? (await this.#create(wanted));
    const problem = foreignClaim(pod, known);
    if (problem) throw new Error(problem);
  }

  /** Or the one that is there, of which the cache has not heard yet. */
  async #create(claim: NewObject<PersistentVolumeClaim>): Promise<PersistentVolumeClaim> {
    try {
      return await this.#options.client.create<PersistentVolumeClaim>(persistentVolumeClaims, claim);
    } catch (error) {
      if (isAlreadyExists(error)) return this.#options.client.get(persistentVolumeClaims, keyOfNew(claim));
      throw new Error(`create PVC ${claim.metadata.name}: ${messageOf(error)}`, { cause: error });
    }
  }

  #tell(object: Pod, message: string): void {
    const event = { object, type: 'Warning', reason: 'FailedBinding', component: NAME } as const;
    this.#options.recorder.record({ ...event, message });
  }
}

const keyOfNew = ({ metadata }: NewObject<PersistentVolumeClaim>) => `${metadata.namespace}/${metadata.name}`;

/** Labels and annotations are the template's; the name follows from the pod's and the volume's. */
function ephemeralClaim(pod: Pod, volume: core.Volume): NewObject<PersistentVolumeClaim> {
  const { metadata, spec } = volume.ephemeral?.volumeClaimTemplate ?? { spec: {} };
  const { labels, annotations } = metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimNameOf(pod, volume) ?? '',
      namespace: pod.metadata.namespace ?? 'default',
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(pod)],
    },
    spec: structuredClone(spec),
  };
}
