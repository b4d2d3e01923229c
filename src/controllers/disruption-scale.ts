// How many pods the owners of some pods ask for in all: what percentages of a PodDisruptionBudget are taken of.
// Source: pkg/controller/disruption getExpectedScale
import { deployments } from '../api/kinds/deployment.ts';
import { replicaSets } from '../api/kinds/replica-set.ts';
import { replicationControllers } from '../api/kinds/replication-controller.ts';
import { statefulSets } from '../api/kinds/stateful-set.ts';
import type { KubeObject, meta, Pod } from '../api/objects.ts';
import { groupOf, groupResourceOf, type KindDefinition } from '../api/scheme.ts';
import { allKinds } from '../api/scheme-table.ts';
import type { Informer } from '../client/informer.ts';
import type { InformerFactory } from '../client/informer-factory.ts';
import { controllerOf } from './pod-state.ts';

interface Scaled extends KubeObject {
  spec: { replicas?: number };
}

export interface ExpectedScale {
  scale: number;
  /** Names of pods that no controller looks after: nobody says how many there should be. */
  unmanaged: readonly string[];
}

export class DisruptionScale {
  readonly #owners: ReadonlyMap<string, Informer<Scaled>>;

  constructor(informers: InformerFactory) {
    const kinds = [replicationControllers, replicaSets, deployments, statefulSets];
    this.#owners = new Map(
      kinds.map((kind) => [kind.kind, informers.for(kind as unknown as KindDefinition<Scaled>)]),
    );
  }

  /** To be synced before the first question. */
  get informers(): readonly Informer<Scaled>[] {
    return [...this.#owners.values()];
  }

  /** @throws Error when a pod's controller is of a kind without a scale. */
  of(pods: readonly Pod[]): ExpectedScale {
    const seen = new Set<string>();
    const scales = new Map<string, number>();
    const unmanaged: string[] = [];
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (!reference) {
        unmanaged.push(pod.metadata.name);
        continue;
      }
      if (seen.has(reference.uid)) continue;
      seen.add(reference.uid);
      const owner = this.#topOwner(pod, reference);
      if (!owner) throw new Error(whyNone(pod, reference));
      scales.set(owner.metadata.uid, owner.spec.replicas ?? 1);
    }
    return { scale: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
  }

  /** A Deployment stands for its ReplicaSets. */
  #topOwner({ metadata }: Pod, reference: meta.OwnerReference): Scaled | undefined {
    const owner = this.#find(metadata.namespace, reference);
    const above = owner && controllerOf(owner);
    return (above && this.#find(metadata.namespace, above)) ?? owner;
  }

  #find(namespace: string | undefined, { kind, name, uid }: meta.OwnerReference): Scaled | undefined {
    const owner = this.#owners.get(kind)?.lister.get(`${namespace}/${name}`);
    return owner?.metadata.uid === uid ? owner : undefined;
  }
}

/** A kind of ours without a scale is told as such. */
function whyNone({ metadata }: Pod, { apiVersion, kind: name }: meta.OwnerReference): string {
  const group = groupOf(apiVersion);
  const kind = allKinds.find((one) => one.kind === name && one.group === group);
  if (!kind || kind.scale) return `found no controllers for pod "${metadata.name}"`;
  return `${groupResourceOf(kind)} does not implement the scale subresource`;
}
