// Whether a Job is over, and why: a pure function of it, its pods and their account. The reasons and messages are
// upstream's. https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup
import { findCondition, isConditionTrue } from '../api/conditions.ts';
import type { Job, Pod } from '../api/objects.ts';
import type { JobAccount } from './job-account.ts';
import { judgeFailure } from './job-failure-rules.ts';
import { hasFailed, isTracked } from './job-pod.ts';
import { metSuccessRule } from './job-success-rules.ts';
import { isActive } from './pod-state.ts';

export interface JobEnd {
  type: 'Complete' | 'Failed';
  reason: string;
  message: string;
}

/** What is announced while the last pods still end; it is never taken back. */
export const INTERIM = { Complete: 'SuccessCriteriaMet', Failed: 'FailureTarget' } as const;

export function isOver({ status }: Job): boolean {
  return isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(status?.conditions, 'Failed');
}

/** `activeMs`: since its startTime. */
export function endOf(
  job: Job,
  pods: readonly Pod[],
  account: JobAccount,
  activeMs: number,
): JobEnd | undefined {
  return (
    announcedEnd(job) ??
    failureOf(job, pods, account, activeMs) ??
    indexFailureOf(job, account) ??
    successByRule(job, account) ??
    successOf(job, pods, account)
  );
}

function announcedEnd({ status }: Job): JobEnd | undefined {
  for (const type of ['Failed', 'Complete'] as const) {
    const condition = findCondition(status?.conditions, INTERIM[type]);
    if (condition?.status !== 'True') continue;
    return { type, reason: condition.reason ?? '', message: condition.message ?? '' };
  }
  return undefined;
}

function failureOf(
  job: Job,
  pods: readonly Pod[],
  account: JobAccount,
  activeMs: number,
): JobEnd | undefined {
  const type = 'Failed';
  const policyFailure = failureByPolicy(job, pods);
  if (policyFailure !== undefined) return { type, reason: 'PodFailurePolicy', message: policyFailure };
  const limit = job.spec.backoffLimit ?? Number.POSITIVE_INFINITY;
  if (account.failed > limit || restartsExceed(job, pods, limit)) {
    const message = 'Job has reached the specified backoff limit';
    return { type, reason: 'BackoffLimitExceeded', message };
  }
  if ((deadlineInMs(job, activeMs) ?? 1) > 0) return undefined;
  return { type, reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
}

function failureByPolicy(job: Job, pods: readonly Pod[]): string | undefined {
  const { podFailurePolicy } = job.spec;
  if (!podFailurePolicy) return undefined;
  const failed = pods.filter((pod) => isTracked(pod) && hasFailed(pod, job));
  return failed.map((pod) => judgeFailure(podFailurePolicy, pod).jobFailure).find((why) => why !== undefined);
}

/** Containers that are started again in their pod count each time. */
function restartsExceed(job: Job, pods: readonly Pod[], limit: number): boolean {
  if (job.spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter(isActive)
    .flatMap(({ status }) =>
      [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
        ({ restartCount }) => restartCount,
      ),
    );
  const sum = restarts.reduce((total, count) => total + count, 0);
  return limit === 0 ? sum > 0 : sum >= limit;
}

/** Milliseconds until activeDeadlineSeconds are over; `undefined` while nothing runs towards them. */
export function deadlineInMs({ spec, status }: Job, activeMs: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || spec.suspend || !status?.startTime) return undefined;
  return spec.activeDeadlineSeconds * 1000 - activeMs;
}

function indexFailureOf({ spec }: Job, { failedIndexes, completed }: JobAccount): JobEnd | undefined {
  if (!failedIndexes) return undefined;
  const type = 'Failed';
  if (failedIndexes.size > (spec.maxFailedIndexes ?? Number.POSITIVE_INFINITY)) {
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    return { type, reason: 'MaxFailedIndexesExceeded', message };
  }
  const isLastTried = failedIndexes.size + completed.size >= (spec.completions ?? 0);
  if (failedIndexes.size === 0 || !isLastTried) return undefined;
  return { type, reason: 'FailedIndexes', message: 'Job has failed indexes' };
}

/** The pods that are left are let go, and count as nothing. */
function successByRule({ spec }: Job, { completed }: JobAccount): JobEnd | undefined {
  const message = metSuccessRule(spec, completed);
  return message === undefined ? undefined : { type: 'Complete', reason: 'SuccessPolicy', message };
}

/** Without completions the first success says that the work is done, and the others are waited for. */
function successOf(job: Job, pods: readonly Pod[], { succeeded }: JobAccount): JobEnd | undefined {
  const { completions } = job.spec;
  const isDone = completions === undefined ? succeeded > 0 && !pods.some(isActive) : succeeded >= completions;
  if (!isDone) return undefined;
  const message = 'Reached expected number of succeeded pods';
  return { type: 'Complete', reason: 'CompletionsReached', message };
}
