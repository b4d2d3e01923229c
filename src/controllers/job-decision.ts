// What a Job needs done: a pure function of it, its own pods and the time.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/
import type { Job, Pod } from '../api/objects.ts';
import { accountPods, type JobAccount } from './job-account.ts';
import { backoffInMs } from './job-backoff.ts';
import { deadlineInMs, endOf, type JobEnd } from './job-end.ts';
import { hasIndexLimit, indexBackoffInMs } from './job-index-failures.ts';
import { pendingIndexes } from './job-indexes.ts';
import { completionIndex, isIndexed } from './job-pod.ts';
import { isActive, isTerminating } from './pod-state.ts';
import { replicasToDelete } from './replica-deletion-order.ts';

export interface JobDecision {
  account: JobAccount;
  end: JobEnd | undefined;
  /** One entry for each pod to make: its completion index, `undefined` for jobs without. */
  create: (number | undefined)[];
  /** Pods that are too many: they go without being counted. */
  discard: Pod[];
  /** Pods of a job that failed: they go and count as failed. */
  abort: Pod[];
  requeueAfterMs?: number;
}

/** Upstream's limit of pods made or deleted in one go. */
const BURST_PODS = 500;

/** `activeMs`: since its startTime, by a clock that does not jump; 0 while it has none. */
export function decideJob(job: Job, pods: readonly Pod[], nowMs: number, activeMs: number): JobDecision {
  const counted = accountPods(job, pods);
  const end = job.metadata.deletionTimestamp ? undefined : endOf(job, pods, counted, activeMs);
  const account = end ? accountPods(job, pods, true) : counted;
  const nothing = { account, end: undefined, create: [], discard: [], abort: [] };
  if (job.metadata.deletionTimestamp) return nothing;
  const active = pods.filter(isActive);
  if (end?.type === 'Failed') return { ...nothing, end, abort: active };
  if (end || job.spec.suspend) return { ...nothing, end, discard: active };
  const wanted = wantedActive(job, account, active.length);
  const discard = podsToDiscard(job, active, wanted);
  // As upstream: a round either removes or makes, so that an index is never there twice.
  const create = discard.length > 0 ? [] : podsToCreate(job, pods, account, wanted);
  const { now, waitMs } = dueOf(job, pods, account, create, nowMs);
  const waits = [waitMs, deadlineInMs(job, activeMs) ?? 0].filter((ms) => ms > 0);
  return {
    ...nothing,
    discard,
    create: now,
    ...(waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : {}),
  };
}

interface Due {
  now: (number | undefined)[];
  /** Until the next may be made; 0 = nothing waits. */
  waitMs: number;
}

/** Which pods may be made by now: all wait for one another, unless each index has a back-off of its own. */
function dueOf(
  job: Job,
  pods: readonly Pod[],
  { toReplace }: JobAccount,
  create: (number | undefined)[],
  nowMs: number,
): Due {
  if (create.length === 0) return { now: [], waitMs: 0 };
  if (!hasIndexLimit(job)) {
    const waitMs = Math.max(0, backoffInMs(job, pods, nowMs));
    return { now: waitMs > 0 ? [] : create, waitMs };
  }
  const waits = create.map((index) => indexBackoffInMs(toReplace.get(index ?? -1), nowMs));
  const waiting = waits.filter((ms) => ms > 0);
  const now = create.filter((_, at) => (waits[at] ?? 0) <= 0);
  return { now, waitMs: waiting.length > 0 ? Math.min(...waiting) : 0 };
}

/** A work queue makes no new pod once one has succeeded: the work is done, the others finish theirs. */
function wantedActive({ spec }: Job, { succeeded }: JobAccount, active: number): number {
  const parallelism = spec.parallelism ?? 1;
  if (spec.completions !== undefined) return Math.min(Math.max(spec.completions - succeeded, 0), parallelism);
  return succeeded > 0 ? Math.min(active, parallelism) : parallelism;
}

function podsToDiscard(job: Job, active: readonly Pod[], wanted: number): Pod[] {
  const misplaced = isIndexed(job) ? misplacedPods(job, active) : [];
  const left = active.filter((pod) => !misplaced.includes(pod));
  const surplus = replicasToDelete(left, Math.max(left.length - wanted, 0));
  return [...misplaced, ...surplus].slice(0, BURST_PODS);
}

/** Pods whose index the job does not have, and all but the furthest of those that share one. */
function misplacedPods(job: Job, active: readonly Pod[]): Pod[] {
  const byIndex = Map.groupBy(active, (pod) => completionIndex(pod, job.spec.completions ?? 0));
  return [...byIndex].flatMap(([index, pods]) =>
    index === undefined ? pods : replicasToDelete(pods, pods.length - 1),
  );
}

function podsToCreate(
  job: Job,
  pods: readonly Pod[],
  { completed, failedIndexes = new Set() }: JobAccount,
  wanted: number,
): (number | undefined)[] {
  const waitsForEnd = job.spec.podReplacementPolicy === 'Failed';
  const present = pods.filter((pod) => isActive(pod) || (waitsForEnd && isTerminating(pod)));
  const missing = Math.min(Math.max(wanted - present.length, 0), BURST_PODS);
  if (!isIndexed(job)) return new Array<undefined>(missing).fill(undefined);
  const completions = job.spec.completions ?? 0;
  const running = present.flatMap((pod) => completionIndex(pod, completions) ?? []);
  return pendingIndexes(completions, missing, new Set([...completed, ...failedIndexes, ...running]));
}
