// The books of a Job: which ends of pods are counted, and which pods may be let go. A pod's end is first written
// into status.uncountedTerminatedPods, then its finalizer goes, then the count rises: a power cut between any two
// steps neither loses nor doubles it.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers
import type { Job, Pod } from '../api/objects.ts';
import { judgeFailure } from './job-failure-rules.ts';
import { failedIndexes, podsToReplace } from './job-index-failures.ts';
import { formatIndexes, parseIndexes } from './job-indexes.ts';
import { completionIndex, hasFailed, isIndexed, isTracked } from './job-pod.ts';

export interface JobAccount {
  /** Counts that are final. */
  settled: { succeeded: number; failed: number };
  /** Uids of ended pods that still carry the finalizer, or did when they were last looked at. */
  uncounted: { succeeded: string[]; failed: string[] };
  /** Of Indexed jobs; an index counts once, whichever of its pods was first. */
  completed: ReadonlySet<number>;
  /** That failed for good; `undefined` without a back-off limit per index. */
  failedIndexes: ReadonlySet<number> | undefined;
  /** By index: failed pods that stay, uncounted, until the next try of their index carries their count on. */
  toReplace: ReadonlyMap<number, Pod>;
  /** Pods whose finalizer may go once this account is stored. */
  release: Pod[];
  /** What there is in all, as far as we know. */
  succeeded: number;
  failed: number;
}

/** Upstream's bound, so that a status stays small; what is over it is counted in the next round. */
const MAX_UNCOUNTED = 500;

/** `pods` are the job's own. With `isOver` no index is tried again. */
export function accountPods(job: Job, pods: readonly Pod[], isOver = false): JobAccount {
  const books = openBooks(job, pods);
  const failed = failedIndexes(job, pods);
  const toReplace = isOver ? new Map<number, Pod>() : awaitingRetry(job, pods, books.completed, failed);
  const held = new Set(toReplace.values());
  for (const pod of pods.filter(isTracked)) {
    if (held.has(pod) && !isNoted(books, pod)) continue;
    if (isNoted(books, pod)) books.release.push(pod);
    else if (pod.status?.phase === 'Succeeded') bookSuccess(job, pod, books);
    else if (hasFailed(pod, job)) bookFailure(job, pod, books);
    else if (job.metadata.deletionTimestamp) books.release.push(pod);
  }
  const { settled, uncounted, completed } = books;
  const succeeded = isIndexed(job) ? completed.size : settled.succeeded + uncounted.succeeded.length;
  return {
    ...books,
    failedIndexes: failed,
    toReplace,
    succeeded,
    failed: settled.failed + uncounted.failed.length + countedAmong(job, toReplace),
  };
}

function awaitingRetry(
  job: Job,
  pods: readonly Pod[],
  completed: ReadonlySet<number>,
  failed: ReadonlySet<number> | undefined,
): Map<number, Pod> {
  if (job.metadata.deletionTimestamp) return new Map();
  const { completions = 0 } = job.spec;
  // One that has just succeeded is not in the books yet.
  const done = pods.filter(({ status }) => status?.phase === 'Succeeded');
  const succeeded = new Set(done.map((pod) => completionIndex(pod, completions)));
  return podsToReplace(
    job,
    pods,
    (index) => completed.has(index) || succeeded.has(index) || failed?.has(index) === true,
  );
}

const countedAmong = (job: Job, toReplace: ReadonlyMap<number, Pod>): number =>
  [...toReplace.values()].filter((pod) => judgeFailure(job.spec.podFailurePolicy, pod).counts).length;

type Books = Pick<JobAccount, 'settled' | 'uncounted' | 'release'> & { completed: Set<number> };

/** What was noted before: an uncounted pod that carries the finalizer no more (or is gone) counts from now on. */
function openBooks(job: Job, pods: readonly Pod[]): Books {
  const held = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid));
  const { status } = job;
  const { succeeded = [], failed = [] } = status?.uncountedTerminatedPods ?? {};
  const waiting = (uids: readonly string[]) => uids.filter((uid) => held.has(uid));
  const uncounted = { succeeded: waiting(succeeded), failed: waiting(failed) };
  return {
    settled: {
      succeeded: (status?.succeeded ?? 0) + succeeded.length - uncounted.succeeded.length,
      failed: (status?.failed ?? 0) + failed.length - uncounted.failed.length,
    },
    uncounted,
    completed: parseIndexes(status?.completedIndexes, job.spec.completions ?? 0),
    release: [],
  };
}

function isNoted({ uncounted }: Books, { metadata }: Pod): boolean {
  return uncounted.succeeded.includes(metadata.uid) || uncounted.failed.includes(metadata.uid);
}

function bookSuccess(job: Job, pod: Pod, books: Books): void {
  if (!isIndexed(job)) {
    note(books, books.uncounted.succeeded, pod);
    return;
  }
  books.release.push(pod);
  const index = completionIndex(pod, job.spec.completions ?? 0);
  if (index !== undefined) books.completed.add(index);
}

function bookFailure(job: Job, pod: Pod, books: Books): void {
  const isOurs = !isIndexed(job) || completionIndex(pod, job.spec.completions ?? 0) !== undefined;
  if (isOurs && judgeFailure(job.spec.podFailurePolicy, pod).counts) {
    note(books, books.uncounted.failed, pod);
  } else {
    books.release.push(pod);
  }
}

/** A pod that finds no room keeps its finalizer until the next round. */
function note(books: Books, uids: string[], pod: Pod): void {
  if (books.uncounted.succeeded.length + books.uncounted.failed.length >= MAX_UNCOUNTED) return;
  uids.push(pod.metadata.uid);
  books.release.push(pod);
}

/** The status fields that hold the account. */
export function accountStatus(job: Job, { settled, uncounted, completed, failedIndexes }: JobAccount) {
  const succeeded = isIndexed(job) ? completed.size : settled.succeeded;
  return {
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(settled.failed > 0 ? { failed: settled.failed } : {}),
    ...(isIndexed(job) ? { completedIndexes: formatIndexes(completed) } : {}),
    ...(failedIndexes ? { failedIndexes: formatIndexes(failedIndexes) } : {}),
    uncountedTerminatedPods: {
      ...(uncounted.succeeded.length > 0 ? { succeeded: uncounted.succeeded } : {}),
      ...(uncounted.failed.length > 0 ? { failed: uncounted.failed } : {}),
    },
  };
}
