// Back-off limits of single indexes: how often each index has failed, which of them have failed for good, and which
// ended pods must stay until their replacement carries the count on. The count stands in an annotation of the pod, so
// that neither a restart of the master nor a deleted pod loses it. Pure.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index
import { isConditionTrue } from '../api/conditions.ts';
import type { Job, Pod } from '../api/objects.ts';
import { exponentialBackoffMs } from '../base/backoff.ts';
import { JOB_BACKOFF } from './job-backoff.ts';
import { judgeFailure } from './job-failure-rules.ts';
import { parseIndexes } from './job-indexes.ts';
import { completionIndex, endedMs, hasFailed, isTracked } from './job-pod.ts';
import { isActive } from './pod-state.ts';

const FAILURES = 'batch.kubernetes.io/job-index-failure-count';
const IGNORED = 'batch.kubernetes.io/job-index-ignored-failure-count';
const MAX_INT32 = 2_147_483_647;

export const hasIndexLimit = ({ spec }: Job): boolean => spec.backoffLimitPerIndex !== undefined;

/** What somebody wrote into it by hand counts as nothing. */
function countIn({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation] ?? '';
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_INT32 ? Number(text) : 0;
}

const triesBefore = (pod: Pod): number => countIn(pod, FAILURES) + countIn(pod, IGNORED);

/** Those of the status, and those that failed since; `undefined` for jobs without a limit per index. */
export function failedIndexes(job: Job, pods: readonly Pod[]): Set<number> | undefined {
  const { backoffLimitPerIndex: limit, completions = 0, podFailurePolicy } = job.spec;
  if (limit === undefined) return undefined;
  const failed = parseIndexes(job.status?.failedIndexes, completions);
  // The pods that go with a job which is over are no tries that failed.
  const isEnding = isConditionTrue(job.status?.conditions, 'FailureTarget');
  for (const pod of isEnding ? [] : pods) {
    const index = completionIndex(pod, completions);
    if (index === undefined || !isTracked(pod) || !hasFailed(pod, job)) continue;
    const { counts, failsIndex } = judgeFailure(podFailurePolicy, pod);
    if (failsIndex || (counts && countIn(pod, FAILURES) >= limit)) failed.add(index);
  }
  return failed;
}

/** By index: the newest failed pod of each that is to be tried again and has no new pod yet. */
export function podsToReplace(
  job: Job,
  pods: readonly Pod[],
  isSettled: (index: number) => boolean,
): Map<number, Pod> {
  const { completions = 0 } = job.spec;
  const indexOf = (pod: Pod) => completionIndex(pod, completions);
  const active = new Set(pods.filter(isActive).map(indexOf));
  const newest = new Map<number, Pod>();
  for (const pod of hasIndexLimit(job) ? pods : []) {
    const index = indexOf(pod);
    if (index === undefined || isSettled(index) || active.has(index)) continue;
    if (!isTracked(pod) || !hasFailed(pod, job)) continue;
    const known = newest.get(index);
    if (!known || triesBefore(pod) >= triesBefore(known)) newest.set(index, pod);
  }
  return newest;
}

/** What the pod that replaces `failed`, or the first of an index, is to carry; nothing without a limit per index. */
export function failureMarks(job: Job, failed: Pod | undefined): Record<string, string> {
  if (!hasIndexLimit(job)) return {};
  if (!failed) return { [FAILURES]: '0' };
  const { counts } = judgeFailure(job.spec.podFailurePolicy, failed);
  const failures = countIn(failed, FAILURES) + (counts ? 1 : 0);
  const ignored = countIn(failed, IGNORED) + (counts ? 0 : 1);
  return { [FAILURES]: String(failures), ...(ignored > 0 ? { [IGNORED]: String(ignored) } : {}) };
}

/** Milliseconds until the index of `failed` may be tried again; 0 or less = now. */
export function indexBackoffInMs(failed: Pod | undefined, nowMs: number): number {
  if (!failed) return 0;
  const sinceMs = Math.min(endedMs(failed, nowMs), nowMs);
  return sinceMs + exponentialBackoffMs(JOB_BACKOFF, triesBefore(failed) + 1) - nowMs;
}
