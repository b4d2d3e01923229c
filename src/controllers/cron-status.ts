// The job that a CronJob makes, and the status that it shows: pure.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/#CronJobStatus
import { isConditionTrue } from '../api/conditions.ts';
import { type batch, type CronJob, type core, type Job, timestamp } from '../api/objects.ts';
import type { NewObject } from '../client/client.ts';
import { controllerReference } from './claims.ts';
import { isOver } from './job-end.ts';

const SCHEDULED_ANNOTATION = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** Named by its minute, so that one time never gives two jobs. */
export function scheduledJob(cronJob: CronJob, scheduledMs: number): NewObject<Job> {
  const { metadata, spec } = cronJob;
  const { metadata: template, spec: jobSpec } = spec.jobTemplate;
  if (!jobSpec) throw new Error(`cronjob ${metadata.name} has no job template`);
  const { name } = metadata;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${name}-${Math.floor(scheduledMs / 60_000)}`,
      namespace: metadata.namespace ?? 'default',
      ...(template?.labels ? { labels: { ...template.labels } } : {}),
      annotations: { ...template?.annotations, [SCHEDULED_ANNOTATION]: timestamp(scheduledMs) },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: structuredClone(jobSpec),
  };
}

/** `jobs` are its own; what is listed as active follows from them. */
export function cronStatus(
  cronJob: CronJob,
  jobs: readonly Job[],
  scheduledMs: number | undefined,
): batch.CronJobStatus {
  const { status } = cronJob;
  const active = activeJobs(cronJob, jobs).sort(byName);
  const succeeded = jobs.flatMap(({ status: s }) =>
    isConditionTrue(s?.conditions, 'Complete') && s?.completionTime ? [s.completionTime] : [],
  );
  const lastScheduleTime = scheduledMs === undefined ? status?.lastScheduleTime : timestamp(scheduledMs);
  const lastSuccessfulTime = latest([
    ...succeeded,
    ...(status?.lastSuccessfulTime ? [status.lastSuccessfulTime] : []),
  ]);
  return {
    ...(active.length > 0 ? { active: active.map(referenceTo) } : {}),
    ...(lastScheduleTime ? { lastScheduleTime } : {}),
    ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}),
  };
}

function latest(times: readonly string[]): string | undefined {
  return times.toSorted((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
}

const byName = (a: Job, b: Job) => (a.metadata.name < b.metadata.name ? -1 : 1);

/** Without the revision: it would change the status at every step of the job. */
function referenceTo({ metadata }: Job): core.ObjectReference {
  const { name, namespace, uid } = metadata;
  return { apiVersion: 'batch/v1', kind: 'Job', name, uid, ...(namespace ? { namespace } : {}) };
}

/** Unfinished ones that the schedule made; as upstream, others are neither active nor do they hold anything up. */
export function activeJobs({ status }: CronJob, jobs: readonly Job[]): Job[] {
  const listed = new Set((status?.active ?? []).map(({ uid }) => uid));
  const isScheduled = ({ metadata }: Job) =>
    listed.has(metadata.uid) || metadata.annotations?.[SCHEDULED_ANNOTATION] !== undefined;
  return jobs.filter((job) => !isOver(job) && isScheduled(job));
}

/** What people are told of jobs that they made of it themselves, as by `kubectl create job --from`. */
export function unexpectedJobs(cronJob: CronJob, jobs: readonly Job[]): string[] {
  const active = new Set(activeJobs(cronJob, jobs));
  return jobs
    .filter((job) => !isOver(job) && !active.has(job))
    .map(({ metadata }) => `Saw a job that the controller did not create or forgot: ${metadata.name}`);
}

/** What people are told of jobs that were active in the status of `cronJob`. */
export function endedJobs({ status }: CronJob, jobs: readonly Job[]): { reason: string; message: string }[] {
  return (status?.active ?? []).flatMap(({ name = '', uid }) => {
    const job = jobs.find(({ metadata }) => metadata.uid === uid);
    if (!job) return [{ reason: 'MissingJob', message: `Active job went missing: ${name}` }];
    if (!isOver(job)) return [];
    const condition = isConditionTrue(job.status?.conditions, 'Complete') ? 'Complete' : 'Failed';
    return [{ reason: 'SawCompletedJob', message: `Saw completed job: ${name}, condition: ${condition}` }];
  });
}
