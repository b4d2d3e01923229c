// What a change of a Deployment's number means for its ReplicaSets, a pure function: in the middle of a rollout, or
// while paused, each keeps its share.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling
import type { ReplicaSet } from '../api/objects.ts';
import {
  availableOf,
  isActiveSet,
  olderFirst,
  rolloutLimits,
  sizeOf,
  totalSize,
} from './deployment-limits.ts';
import {
  allSets,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  type Rollout,
  replicasAnnotations,
} from './deployment-revisions.ts';
import type { Resize } from './deployment-rollout.ts';

/** Whether the number asked for is another one than that by which the ReplicaSets were sized. */
export function isScaled(rollout: Rollout): boolean {
  const { desired } = rolloutLimits(rollout.deployment);
  return allSets(rollout)
    .filter(isActiveSet)
    .some((set) => (numberIn(set, DESIRED_REPLICAS) ?? desired) !== desired);
}

/** What is to change: sizes, or only what a ReplicaSet says of the number by which it was sized. */
export function scalingStep(rollout: Rollout): Resize[] {
  return newSizes(rollout).filter(
    ({ set, replicas }) => replicas !== sizeOf(set) || !isAnnotated(set, rollout),
  );
}

function newSizes(rollout: Rollout): Resize[] {
  const { deployment, newSet, oldSets } = rollout;
  const { desired } = rolloutLimits(deployment);
  const active = allSets(rollout).filter(isActiveSet);
  const only = active.length > 1 ? undefined : (active[0] ?? newSet ?? oldSets.at(-1));
  if (only) return [{ set: only, replicas: desired }];
  if (newSet && isSaturated(newSet, desired)) {
    return oldSets.filter(isActiveSet).map((set) => ({ set, replicas: 0 }));
  }
  return deployment.spec.strategy?.type === 'Recreate' ? [] : proportionalSizes(rollout, active);
}

function isSaturated(set: ReplicaSet, desired: number): boolean {
  return (
    sizeOf(set) === desired && availableOf(set) === desired && numberIn(set, DESIRED_REPLICAS) === desired
  );
}

/**
 * The largest first, so that it bears what rounding leaves over; of equal ones the newest grows, the oldest shrinks.
 */
function proportionalSizes({ deployment }: Rollout, active: readonly ReplicaSet[]): Resize[] {
  const { desired, maxSurge } = rolloutLimits(deployment);
  const most = desired > 0 ? desired + maxSurge : 0;
  const change = most - totalSize(active);
  const byAge = (a: ReplicaSet, b: ReplicaSet) => (change > 0 ? olderFirst(b, a) : olderFirst(a, b));
  const sets = active.toSorted((a, b) => sizeOf(b) - sizeOf(a) || byAge(a, b));
  let left = change;
  const sizes = sets.map((set) => {
    const formerMost = numberIn(set, MAX_REPLICAS) || deployment.status?.replicas || 0;
    const share = shareOf(sizeOf(set), formerMost, most, left);
    left -= share;
    return { set, replicas: sizeOf(set) + share };
  });
  return sizes.map(({ set, replicas }, i) => ({
    set,
    replicas: i === 0 ? Math.max(0, replicas + left) : replicas,
  }));
}

/** How much of the change one set takes: what keeps its part of the whole, within what is `left`. */
function shareOf(size: number, formerMost: number, most: number, left: number): number {
  if (left === 0) return 0;
  const wanted = most === 0 ? -size : formerMost === 0 ? 0 : Math.round((size * most) / formerMost) - size;
  return left > 0 ? Math.min(wanted, left) : Math.max(wanted, left);
}

function isAnnotated(set: ReplicaSet, { deployment }: Rollout): boolean {
  const wanted = Object.entries(replicasAnnotations(deployment));
  return wanted.every(([key, value]) => set.metadata.annotations?.[key] === value);
}

function numberIn(set: ReplicaSet, annotation: string): number | undefined {
  const text = set.metadata.annotations?.[annotation] ?? '';
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
