// The status that a Job shows: a pure function of it, what was decided and the pods that are there now. It equals
// the present one when nothing changed.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/#JobStatus
import { findCondition, isConditionTrue, withCondition } from '../api/conditions.ts';
import { type batch, type Condition, type Job, type Pod, timestamp } from '../api/objects.ts';
import { accountStatus } from './job-account.ts';
import type { JobDecision } from './job-decision.ts';
import { INTERIM, isOver } from './job-end.ts';
import { isReadyAndStaying } from './job-pod.ts';
import { isActive, isTerminating } from './pod-state.ts';

export interface JobNews {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export function jobStatus(
  job: Job,
  { account, end }: JobDecision,
  pods: readonly Pod[],
  nowMs: number,
): batch.JobStatus {
  const active = pods.filter(isActive).length;
  const conditions = conditionsOf(job, end, isSettled(pods, account.uncounted), nowMs);
  const startTime = startTimeOf(job, nowMs);
  const { completionTime } = job.status ?? {};
  const isComplete = isConditionTrue(conditions, 'Complete');
  return {
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(startTime ? { startTime } : {}),
    ...(isComplete ? { completionTime: completionTime ?? timestamp(nowMs) } : {}),
    ...(active > 0 ? { active } : {}),
    ready: pods.filter((pod) => isActive(pod) && isReadyAndStaying(pod)).length,
    terminating: pods.filter(isTerminating).length,
    ...accountStatus(job, account),
  };
}

/** Every pod has ended and is in the counts: what the status says now is final. */
function isSettled(pods: readonly Pod[], { succeeded, failed }: { succeeded: string[]; failed: string[] }) {
  const isQuiet = !pods.some((pod) => isActive(pod) || isTerminating(pod));
  return isQuiet && succeeded.length + failed.length === 0;
}

function startTimeOf({ spec, status, metadata }: Job, nowMs: number): string | undefined {
  if (metadata.deletionTimestamp) return status?.startTime;
  if (spec.suspend) return undefined;
  return status?.startTime ?? timestamp(nowMs);
}

function conditionsOf(
  job: Job,
  end: JobDecision['end'],
  settled: boolean,
  nowMs: number,
): batch.JobCondition[] {
  const present = (job.status?.conditions ?? []) as Condition[];
  if (job.metadata.deletionTimestamp) return present;
  if (!end) return suspension(job, present, nowMs);
  const { type, reason, message } = end;
  const announced = withCondition(present, { type: INTERIM[type], status: 'True', reason, message }, nowMs);
  return settled ? withCondition(announced, { type, status: 'True', reason, message }, nowMs) : announced;
}

function suspension({ spec }: Job, present: Condition[], nowMs: number): Condition[] {
  const was = findCondition(present, 'Suspended');
  if (spec.suspend) {
    const said = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' };
    return withCondition(present, said, nowMs);
  }
  if (!was) return present;
  const said = { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' };
  return withCondition(present, said, nowMs);
}

/** What people are told when a job's status becomes `after`. */
export function jobNews({ spec, status: before }: Job, after: batch.JobStatus): JobNews[] {
  const has = (status: batch.JobStatus | undefined, type: string) =>
    isConditionTrue(status?.conditions, type);
  const turned = (type: string) => has(after, type) && !has(before, type);
  const news: JobNews[] = [];
  if (turned('Suspended')) news.push({ type: 'Normal', reason: 'Suspended', message: 'Job suspended' });
  if (has(before, 'Suspended') && !has(after, 'Suspended')) {
    news.push({ type: 'Normal', reason: 'Resumed', message: 'Job resumed' });
  }
  if (turned('Complete') && (after.succeeded ?? 0) > (spec.completions ?? Number.POSITIVE_INFINITY)) {
    const message = 'Too many succeeded pods running after completion count reached';
    news.push({ type: 'Warning', reason: 'TooManySucceededPods', message });
  }
  if (turned('Complete')) news.push({ type: 'Normal', reason: 'Completed', message: 'Job completed' });
  if (turned('Failed')) {
    const { reason = '', message = '' } = findCondition(after.conditions, 'Failed') ?? {};
    news.push({ type: 'Warning', reason, message });
  }
  return news;
}

/** When the job ended; `undefined` while it has not. */
export function overSince(job: Job): string | undefined {
  if (!isOver(job)) return undefined;
  const ended = (job.status?.conditions ?? []).find(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  );
  return ended?.lastTransitionTime;
}
