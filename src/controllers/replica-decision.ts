// What a ReplicationController needs done: a pure function of it and the pods of its namespace.
import { matchesSelectorMap } from '../api/label-selector.ts';
import type { Pod, ReplicationController } from '../api/objects.ts';
import { controllerOf, isActive } from './pod-state.ts';
import { replicasToDelete } from './replica-deletion-order.ts';

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

export function decideReplicas(rc: ReplicationController, podsInNamespace: readonly Pod[]): ReplicaDecision {
  const matches = (pod: Pod) => selects(rc, pod);
  const own = podsInNamespace.filter((pod) => controllerOf(pod)?.uid === rc.metadata.uid);
  if (rc.metadata.deletionTimestamp) {
    return { adopt: [], release: [], active: own.filter(isActive), create: 0, remove: [] };
  }
  const orphans = podsInNamespace.filter((pod) => !controllerOf(pod) && isActive(pod));
  const adopt = orphans.filter(matches);
  const release = own.filter((pod) => !matches(pod) && !pod.metadata.deletionTimestamp);
  const active = [...own.filter(matches), ...adopt].filter(isActive);
  const missing = (rc.spec.replicas ?? 1) - active.length;
  return {
    adopt,
    release,
    active,
    create: Math.min(Math.max(missing, 0), BURST_REPLICAS),
    remove: replicasToDelete(active, Math.min(Math.max(-missing, 0), BURST_REPLICAS)),
  };
}

/** An empty selector selects nothing: it would take every pod of the namespace. */
export function selects(rc: ReplicationController, pod: Pod): boolean {
  const selector = rc.spec.selector ?? rc.spec.template?.metadata?.labels ?? {};
  return Object.keys(selector).length > 0 && matchesSelectorMap(selector, pod.metadata.labels);
}
