// How many pods a Deployment may have above and miss below its number while it rolls out, rounded as upstream does.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
import { amountOf } from '../api/int-or-percent.ts';
import type { Deployment, ReplicaSet } from '../api/objects.ts';

/** Stands for "no limit" where upstream's API takes a number: the largest int32. */
const NO_LIMIT = 2_147_483_647;

export interface RolloutLimits {
  desired: number;
  maxSurge: number;
  maxUnavailable: number;
}

/** Surge is rounded up and unavailability down; where both come to none, one pod may be missing: or nothing moves. */
export function rolloutLimits({ spec }: Deployment): RolloutLimits {
  const desired = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { desired, maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge, maxUnavailable } = spec.strategy?.rollingUpdate ?? {};
  const surge = amountOf(maxSurge, desired, Math.ceil);
  const missing = amountOf(maxUnavailable, desired, Math.floor);
  const allowed = surge === 0 && missing === 0 ? 1 : missing;
  return { desired, maxSurge: surge, maxUnavailable: Math.min(allowed, desired) };
}

/** Seconds within which a rollout must move on; `undefined` = it may stand for ever. */
export function progressDeadline({ spec }: Deployment): number | undefined {
  return spec.progressDeadlineSeconds === NO_LIMIT ? undefined : spec.progressDeadlineSeconds;
}

/** How many old ReplicaSets are kept to go back to; `undefined` = all. */
export function historyLimit({ spec }: Deployment): number | undefined {
  return spec.revisionHistoryLimit === NO_LIMIT ? undefined : spec.revisionHistoryLimit;
}

export const sizeOf = ({ spec }: ReplicaSet): number => spec.replicas ?? 0;

export const totalSize = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, set) => sum + sizeOf(set), 0);

/** Never more than it asks for: one just made smaller still counts pods that go. */
export const availableOf = (set: ReplicaSet): number =>
  Math.min(set.status?.availableReplicas ?? 0, sizeOf(set));

export const isActiveSet = (set: ReplicaSet): boolean => sizeOf(set) > 0;

const createdAt = ({ metadata }: ReplicaSet) => Date.parse(metadata.creationTimestamp);

/** For sorting: oldest first, by name where made in the same second. */
export function olderFirst(a: ReplicaSet, b: ReplicaSet): number {
  return createdAt(a) - createdAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1);
}
