// How long a Job waits before it tries again: 10 s after the first failure in a row, then twice as long each time,
// ten minutes at most. Read from the pods that ended, so a restart of the master forgets nothing.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
import type { Job, Pod } from '../api/objects.ts';
import { type BackoffLimits, exponentialBackoffMs } from '../base/backoff.ts';
import { endedMs, hasFailed, isTracked } from './job-pod.ts';
import { isTerminating } from './pod-state.ts';

export const JOB_BACKOFF: BackoffLimits = { initialMs: 10_000, maxMs: 600_000 };

/** Milliseconds until new pods may be made; 0 or less = now. */
export function backoffInMs(job: Job, pods: readonly Pod[], nowMs: number): number {
  const successes = pods.filter(({ status }) => status?.phase === 'Succeeded');
  const lastSuccessMs = Math.max(0, ...successes.map((pod) => endedMs(pod, nowMs)));
  const failedMs = pods
    .filter((pod) => hasFailed(pod, job) && !isLetGo(pod))
    .map((pod) => endedMs(pod, nowMs))
    .filter((ms) => ms > lastSuccessMs);
  if (failedMs.length === 0) return 0;
  // A board whose clock is ahead must not make us wait for it.
  const lastFailureMs = Math.min(Math.max(...failedMs), nowMs);
  return lastFailureMs + exponentialBackoffMs(JOB_BACKOFF, failedMs.length) - nowMs;
}

/** As a pod that we took away ourselves, when the job was suspended or wants fewer: it still ends, and is no failure. */
const isLetGo = (pod: Pod): boolean => isTerminating(pod) && !isTracked(pod);
