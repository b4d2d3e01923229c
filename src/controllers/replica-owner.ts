// What ReplicationController and ReplicaSet have in common, so that one loop serves both: the kinds differ in
// nothing but the form of their selector.
import { replicaSets } from '../api/kinds/replica-set.ts';
import { replicationControllers } from '../api/kinds/replication-controller.ts';
import { type LabelSelector, selectorFromLabels, selectorFromObject } from '../api/label-selector.ts';
import type { ReplicaSet, ReplicationController } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';

export type ReplicaOwner = ReplicationController | ReplicaSet;

export interface ReplicaKind<T extends ReplicaOwner = ReplicaOwner> {
  kind: KindDefinition<T>;
  /** Who its events say they come from: upstream's names. */
  component: string;
  /** Whether its status says how many pods are being deleted. */
  showsTerminating: boolean;
}

export const replicationControllerKind: ReplicaKind<ReplicationController> = {
  kind: replicationControllers,
  component: 'replication-controller',
  showsTerminating: false,
};

export const replicaSetKind: ReplicaKind<ReplicaSet> = {
  kind: replicaSets,
  component: 'replicaset-controller',
  showsTerminating: true,
};

export function selectorOf(owner: ReplicaOwner): LabelSelector {
  if (owner.kind === replicaSets.kind) return selectorFromObject((owner as ReplicaSet).spec.selector) ?? [];
  const { selector, template } = (owner as ReplicationController).spec;
  return selectorFromLabels(selector ?? template?.metadata?.labels ?? {});
}
