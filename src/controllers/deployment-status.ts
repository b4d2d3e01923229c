// The status that a Deployment shows: a pure function of it, its ReplicaSets and what was just done.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
import { findCondition } from '../api/conditions.ts';
import type { apps, ReplicaSet } from '../api/objects.ts';
import { availableOf, rolloutLimits, totalSize } from './deployment-limits.ts';
import {
  type DeploymentCondition,
  type NewSetNews,
  withDeploymentCondition,
  withNews,
  withProgress,
} from './deployment-progress.ts';
import { allSets, type Rollout } from './deployment-revisions.ts';
import type { ReplicaStatus } from './replica-status.ts';

const REPLICA_FAILURE = 'ReplicaFailure';

export interface StatusNews extends Omit<NewSetNews, 'newSet'> {
  /** False while it is paused or being scaled: then nothing is said about progress. */
  isRollingOut: boolean;
}

/**
 * The same as the present status, in every field, when nothing changed. Counts of zero are left out, as upstream does.
 */
export function deploymentStatus(rollout: Rollout, news: StatusNews, nowMs: number): apps.DeploymentStatus {
  const { deployment, newSet } = rollout;
  const { desired, maxUnavailable } = rolloutLimits(deployment);
  const counts = countsOf(rollout);
  const before = withNews(deployment, { ...news, newSet }, nowMs);
  const isAvailable = counts.availableReplicas >= desired - maxUnavailable;
  const conditions = withDeploymentCondition(before, availability(isAvailable), nowMs);
  const { collisionCount } = deployment.status ?? {};
  const status = {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...withoutZeros(counts),
    ...terminatingOf(rollout),
    ...(collisionCount ? { collisionCount } : {}),
    conditions,
  };
  // What could not be made is the news; pods that get ready meanwhile are no progress.
  if (!news.isRollingOut || news.failure !== undefined) return status;
  const progress = withProgress(deployment, newSet, status, nowMs);
  return { ...status, conditions: withReplicaFailure(progress, rollout) };
}

function countsOf(rollout: Rollout) {
  const sets = allSets(rollout);
  const sum = (count: (set: ReplicaSet) => number | undefined) =>
    sets.reduce((total, set) => total + (count(set) ?? 0), 0);
  const availableReplicas = sum(availableOf);
  return {
    replicas: sum(({ status }) => status?.replicas),
    updatedReplicas: rollout.newSet?.status?.replicas ?? 0,
    readyReplicas: sum(({ status }) => status?.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, totalSize(sets) - availableReplicas),
  };
}

/** Known once each ReplicaSet has said it; 0 is said, as upstream does. */
function terminatingOf(rollout: Rollout): { terminatingReplicas?: number } {
  const counts = allSets(rollout).map(
    ({ status }) => (status as ReplicaStatus | undefined)?.terminatingReplicas,
  );
  const known = counts.filter((count) => count !== undefined);
  if (known.length < counts.length) return {};
  return { terminatingReplicas: known.reduce((sum, count) => sum + count, 0) };
}

function availability(isAvailable: boolean) {
  return {
    type: 'Available',
    status: isAvailable ? 'True' : 'False',
    reason: isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: isAvailable
      ? 'Deployment has minimum availability.'
      : 'Deployment does not have minimum availability.',
  };
}

/** What the ReplicaSets fail at, the new one's first; said anew where the reason is another one, as upstream. */
function withReplicaFailure(
  conditions: readonly DeploymentCondition[],
  { newSet, oldSets }: Rollout,
): DeploymentCondition[] {
  const failures = [...(newSet ? [newSet] : []), ...oldSets].flatMap(
    ({ status }) => findCondition(status?.conditions, REPLICA_FAILURE) ?? [],
  );
  const [failure] = failures;
  const present = findCondition(conditions, REPLICA_FAILURE);
  if (failure && present?.status === failure.status && present.reason === failure.reason)
    return [...conditions];
  const others = conditions.filter((condition) => condition !== present);
  if (!failure) return others;
  const { lastTransitionTime } = failure;
  return [...others, { ...failure, ...(lastTransitionTime ? { lastUpdateTime: lastTransitionTime } : {}) }];
}

function withoutZeros(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}
