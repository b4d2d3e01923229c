// The next sizes of a Deployment's ReplicaSets while it rolls out, a pure function: the new one grows as far as the
// surge allows, old ones shrink as far as enough pods stay available. One step at a time; what came of it decides on
// the next. https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
import type { ReplicaSet } from '../api/objects.ts';
import {
  availableOf,
  isActiveSet,
  type RolloutLimits,
  rolloutLimits,
  sizeOf,
  totalSize,
} from './deployment-limits.ts';
import { allSets, type Rollout } from './deployment-revisions.ts';

export interface Resize {
  set: ReplicaSet;
  replicas: number;
}

export interface RolloutStep {
  /** The size with which the new ReplicaSet is to be made; `undefined` = it is not to be made now. */
  create?: number;
  resize: readonly Resize[];
}

/** Old ReplicaSets shrink only in a step in which the new one does not change. */
export function rollingStep(rollout: Rollout): RolloutStep {
  const limits = rolloutLimits(rollout.deployment);
  const { newSet } = rollout;
  const target = newSetSize(rollout, limits);
  if (!newSet) return { create: target, resize: [] };
  if (target !== sizeOf(newSet)) return { resize: [{ set: newSet, replicas: target }] };
  return { resize: shrinkOldSets(rollout, limits) };
}

/** Nothing new begins before the last old pod has ended: `oldPodsRun` says whether one does. */
export function recreateStep({ deployment, newSet, oldSets }: Rollout, oldPodsRun: boolean): RolloutStep {
  const active = oldSets.filter(isActiveSet);
  if (active.length > 0) return { resize: active.map((set) => ({ set, replicas: 0 })) };
  if (oldPodsRun || oldSets.some(({ status }) => (status?.replicas ?? 0) > 0)) return { resize: [] };
  const { desired } = rolloutLimits(deployment);
  if (!newSet) return { create: desired, resize: [] };
  return { resize: sizeOf(newSet) === desired ? [] : [{ set: newSet, replicas: desired }] };
}

/** As many as there is room for under the surge, never more than asked for. */
function newSetSize(rollout: Rollout, { desired, maxSurge }: RolloutLimits): number {
  const present = rollout.newSet ? sizeOf(rollout.newSet) : 0;
  if (present >= desired) return desired;
  const room = Math.max(0, desired + maxSurge - totalSize(allSets(rollout)));
  return Math.min(present + room, desired);
}

/** First those pods of old sets that are not available, which nobody misses; then what is left to take. */
function shrinkOldSets(rollout: Rollout, { desired, maxUnavailable }: RolloutLimits): Resize[] {
  const { newSet, oldSets } = rollout;
  const minAvailable = desired - maxUnavailable;
  const notYetAvailable = newSet ? sizeOf(newSet) - availableOf(newSet) : 0;
  const removable = totalSize(allSets(rollout)) - minAvailable - notYetAvailable;
  if (removable <= 0) return [];
  const sizes = new Map(oldSets.map((set) => [set, sizeOf(set)]));
  take(sizes, removable, (set, size) => size - availableOf(set));
  const available = allSets(rollout).reduce((sum, set) => sum + availableOf(set), 0);
  take(sizes, available - minAvailable, (_, size) => size);
  return [...sizes]
    .filter(([set, replicas]) => replicas !== sizeOf(set))
    .map(([set, replicas]) => ({ set, replicas }));
}

/** Takes up to `amount` from the sets in their order, of each no more than `most` says. */
function take(
  sizes: Map<ReplicaSet, number>,
  amount: number,
  most: (set: ReplicaSet, size: number) => number,
): void {
  let left = amount;
  for (const [set, size] of sizes) {
    const taken = Math.max(0, Math.min(left, most(set, size)));
    sizes.set(set, size - taken);
    left -= taken;
  }
}
