// What a ReplicationController or ReplicaSet needs done: a pure function of it and the pods of its namespace.
import type { Pod } from '../api/objects.ts';
import { claimsOf } from './claims.ts';
import { controllerOf, isActive } from './pod-state.ts';
import { replicasToDelete } from './replica-deletion-order.ts';
import { type ReplicaOwner, selectorOf } from './replica-owner.ts';

interface ReplicaDecision {
  /** Pods that match and belong to nobody. */
  adopt: Pod[];
  /** Own pods whose labels no longer match. */
  release: Pod[];
  /** Own pods that count, those to be adopted included. */
  active: Pod[];
  /** How many to make. */
  create: number;
  remove: Pod[];
}

/** Upstream's limit of pods made or deleted in one go. */
const BURST_REPLICAS = 500;

/**
 * `siblings` are the uids of all that work for the same owner, itself included: boards are crowded by their pods too.
 */
export function decideReplicas(
  owner: ReplicaOwner,
  podsInNamespace: readonly Pod[],
  siblings: ReadonlySet<string> = new Set([owner.metadata.uid]),
): ReplicaDecision {
  const claims = claimsOf(owner, selectorOf(owner), podsInNamespace, isActive);
  const active = claims.own.filter(isActive);
  if (owner.metadata.deletionTimestamp) return { adopt: [], release: [], active, create: 0, remove: [] };
  const missing = (owner.spec.replicas ?? 1) - active.length;
  const surplus = Math.min(Math.max(-missing, 0), BURST_REPLICAS);
  const isRelated = (pod: Pod) => isActive(pod) && siblings.has(controllerOf(pod)?.uid ?? '');
  const related = surplus > 0 ? podsInNamespace.filter(isRelated) : [];
  return {
    adopt: claims.adopt,
    release: claims.release,
    active,
    create: Math.min(Math.max(missing, 0), BURST_REPLICAS),
    // Ranking looks at every pod: not in each of the many looks while pods are only made.
    remove: surplus > 0 ? replicasToDelete(active, surplus, new Set([...active, ...related])) : [],
  };
}
