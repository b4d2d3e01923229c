// The condition Progressing of a Deployment, a pure function: whether its rollout moves, is done, or has stood still
// for longer than its deadline. In upstream's words: kubectl's `rollout status` reads the reasons.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
import { findCondition } from '../api/conditions.ts';
import { type apps, type Deployment, type ReplicaSet, timestamp } from '../api/objects.ts';
import { progressDeadline } from './deployment-limits.ts';

export type DeploymentCondition = apps.DeploymentCondition;

const PROGRESSING = 'Progressing';
const AVAILABLE_REASON = 'NewReplicaSetAvailable';
const UPDATED_REASON = 'ReplicaSetUpdated';
const TIMED_OUT_REASON = 'ProgressDeadlineExceeded';
const PAUSED_REASON = 'DeploymentPaused';

type NewCondition = Omit<DeploymentCondition, 'lastTransitionTime' | 'lastUpdateTime'>;

/** Nothing changes while status and reason stay, so that lastUpdateTime tells when there was news. */
export function withDeploymentCondition(
  conditions: readonly DeploymentCondition[],
  condition: NewCondition,
  nowMs: number,
): DeploymentCondition[] {
  const present = findCondition(conditions, condition.type);
  if (present?.status === condition.status && present.reason === condition.reason) return [...conditions];
  return replaced(conditions, condition, nowMs);
}

function replaced(
  conditions: readonly DeploymentCondition[],
  condition: NewCondition,
  nowMs: number,
): DeploymentCondition[] {
  const present = findCondition(conditions, condition.type);
  const now = timestamp(nowMs);
  const kept = present?.status === condition.status ? present.lastTransitionTime : undefined;
  const next = { ...condition, lastUpdateTime: now, lastTransitionTime: kept ?? now };
  return [...conditions.filter((c) => c !== present), next];
}

/** What happened to the new ReplicaSet in this pass, where anything did. */
export interface NewSetNews {
  newSet: ReplicaSet | undefined;
  /** It was made just now. */
  isCreated: boolean;
  /** Why it could not be made. */
  failure: string | undefined;
}

/** Says that the Deployment was paused or resumed, and what became of its new ReplicaSet. */
export function withNews(deployment: Deployment, news: NewSetNews, nowMs: number): DeploymentCondition[] {
  const conditions = deployment.status?.conditions ?? [];
  if (progressDeadline(deployment) === undefined) return [...conditions];
  const condition = newsOf(deployment, news);
  return condition ? withDeploymentCondition(conditions, condition, nowMs) : [...conditions];
}

function newsOf(
  deployment: Deployment,
  { newSet, isCreated, failure }: NewSetNews,
): NewCondition | undefined {
  const present = findCondition(deployment.status?.conditions, PROGRESSING);
  const name = newSet?.metadata.name;
  if (failure !== undefined) return progressing('False', 'ReplicaSetCreateError', failure);
  if (isCreated) return progressing('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`);
  const isPaused = deployment.spec.paused === true;
  if (isPaused !== (present?.reason === PAUSED_REASON) && present?.reason !== TIMED_OUT_REASON) {
    return isPaused
      ? progressing('Unknown', PAUSED_REASON, 'Deployment is paused')
      : progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  }
  if (present || !newSet) return undefined;
  return progressing('True', 'FoundNewReplicaSet', `Found new replica set "${name}"`);
}

/** `next` holds the counts of now and the conditions so far; the Deployment's own status those of before. */
export function withProgress(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  next: apps.DeploymentStatus,
  nowMs: number,
): DeploymentCondition[] {
  const conditions = next.conditions ?? [];
  const deadline = progressDeadline(deployment);
  if (deadline === undefined) return conditions.filter(({ type }) => type !== PROGRESSING);
  const present = findCondition(conditions, PROGRESSING);
  const isAllNew = (next.replicas ?? 0) === (next.updatedReplicas ?? 0);
  // What lacks pods after a rollout that is done is no rollout.
  if (isAllNew && present?.reason === AVAILABLE_REASON) return [...conditions];
  const subject = newSet
    ? `ReplicaSet "${newSet.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, next)) {
    const done = progressing('True', AVAILABLE_REASON, `${subject} has successfully progressed.`);
    return withDeploymentCondition(conditions, done, nowMs);
  }
  // Every step forward is news, also under the same reason: the deadline counts from it.
  if (hasMoved(deployment.status ?? {}, next)) {
    return replaced(conditions, progressing('True', UPDATED_REASON, `${subject} is progressing.`), nowMs);
  }
  if (!hasTimedOut(present, deadline, nowMs)) return [...conditions];
  const late = progressing('False', TIMED_OUT_REASON, `${subject} has timed out progressing.`);
  return withDeploymentCondition(conditions, late, nowMs);
}

/** Milliseconds until the deadline may have passed, a second on the safe side; `undefined` = none is running. */
export function nextDeadlineInMs(
  deployment: Deployment,
  status: apps.DeploymentStatus,
  nowMs: number,
): number | undefined {
  const deadline = progressDeadline(deployment);
  const present = findCondition(status.conditions, PROGRESSING);
  if (deadline === undefined || !present || deployment.spec.paused) return undefined;
  if (present.reason === TIMED_OUT_REASON || present.reason === AVAILABLE_REASON) return undefined;
  return Math.max(0, Date.parse(present.lastUpdateTime ?? '') + deadline * 1000 - nowMs) + 1000;
}

/** All pods are of the newest template and available, and no other is left. */
export function isComplete(deployment: Deployment, status: apps.DeploymentStatus): boolean {
  const desired = deployment.spec.replicas ?? 1;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  const counts = [updatedReplicas, replicas, availableReplicas];
  return (
    counts.every((count) => count === desired) && observedGeneration >= (deployment.metadata.generation ?? 0)
  );
}

function hasMoved(before: apps.DeploymentStatus, now: apps.DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: apps.DeploymentStatus) => replicas - updatedReplicas;
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function hasTimedOut(present: DeploymentCondition | undefined, deadline: number, nowMs: number): boolean {
  if (!present || present.reason === AVAILABLE_REASON) return false;
  if (present.reason === TIMED_OUT_REASON) return true;
  return Date.parse(present.lastUpdateTime ?? '') + deadline * 1000 < nowMs;
}

function progressing(status: string, reason: string, message: string): NewCondition {
  return { type: PROGRESSING, status, reason, message };
}
