// CronJob: names, columns, defaults and rules. v1beta1 is the same under another version.
// Source: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation ValidateCronJobCreate
import { ageColumn, column, nameColumn } from '../columns.ts';
import { CronError, parseCron } from '../cron-schedule.ts';
import { age } from '../duration.ts';
import { invalidValue, notSupported, required } from '../field-error.ts';
import type { batch, CronJob } from '../objects.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import { podNameWarnings, setTemplateDefaults } from '../pod-spec/template.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { validateJobTemplateSpec } from './job-rules.ts';
import { selectorColumn, templateColumns } from './template-columns.ts';
import { validateTimeZone } from './time-zone.ts';

const POLICIES = ['Allow', 'Forbid', 'Replace'];
/** 63, less the 11 characters that the names of its jobs add. */
const MAX_NAME_LENGTH = 52;

const jobSpecOf = ({ spec }: CronJob) => spec.jobTemplate.spec;

const columns: readonly Column<CronJob>[] = [
  nameColumn,
  column('Schedule', 'When it runs, in cron format.', ({ spec }) => spec.schedule ?? ''),
  column('Timezone', 'Whose time the schedule means.', ({ spec }) => spec.timeZone ?? '<none>'),
  column('Suspend', 'Whether it is paused.', ({ spec }) => (spec.suspend ? 'True' : 'False')),
  column('Active', 'Number of jobs that run.', ({ status }) => status?.active?.length ?? 0, 'integer'),
  column('Last Schedule', 'How long since it ran.', ({ status }, nowMs) =>
    status?.lastScheduleTime ? age(status.lastScheduleTime, nowMs) : '<none>',
  ),
  ageColumn,
  ...templateColumns<CronJob>((cronJob) => jobSpecOf(cronJob)?.template),
  selectorColumn<CronJob>((cronJob) => jobSpecOf(cronJob)?.selector),
];

function setDefaults(cronJob: CronJob): void {
  cronJob.spec ??= {} as batch.CronJobSpec;
  const { spec } = cronJob;
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  spec.jobTemplate ??= {};
  spec.jobTemplate.spec ??= {} as batch.JobSpec;
  spec.jobTemplate.spec.template ??= {};
  setTemplateDefaults(spec.jobTemplate.spec.template);
}

function scheduleProblem(schedule: string): string | undefined {
  try {
    parseCron(schedule);
    return undefined;
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    return error.message;
  }
}

function validateSchedule({ schedule, timeZone }: batch.CronJobSpec): FieldError[] {
  const field = 'spec.schedule';
  if (!schedule) return [required(field)];
  if (/^(CRON_)?TZ=/.test(schedule)) {
    const why =
      timeZone === undefined
        ? 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'
        : 'cannot use both timeZone field and TZ or CRON_TZ in schedule';
    return [invalidValue(field, schedule, why)];
  }
  const problem = scheduleProblem(schedule);
  return problem === undefined ? [] : [invalidValue(field, schedule, problem)];
}

function validateJobTemplate(spec: batch.JobSpec): FieldError[] {
  const field = 'spec.jobTemplate.spec';
  const errors = validateJobTemplateSpec(spec, field);
  if (spec.selector) {
    errors.push(invalidValue(`${field}.selector`, spec.selector, '`selector` will be auto-generated'));
  }
  if (spec.manualSelector) {
    errors.push(notSupported(`${field}.manualSelector`, spec.manualSelector, ['nil', 'false']));
  }
  return errors;
}

function validate({ metadata, spec }: CronJob): FieldError[] {
  const errors: FieldError[] = [];
  if ((metadata.name ?? '').length > MAX_NAME_LENGTH) {
    const why = `must be no more than ${MAX_NAME_LENGTH} characters`;
    errors.push(invalidValue('metadata.name', metadata.name, why));
  }
  const { concurrencyPolicy = '' } = spec;
  if (!POLICIES.includes(concurrencyPolicy)) {
    errors.push(notSupported('spec.concurrencyPolicy', concurrencyPolicy, POLICIES));
  }
  return [
    ...errors,
    ...validateSchedule(spec),
    ...validateTimeZone(spec.timeZone, 'spec.timeZone'),
    ...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
    ...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
    ...validateJobTemplate(spec.jobTemplate.spec ?? ({} as batch.JobSpec)),
  ];
}

export const cronJobs: KindDefinition<CronJob> = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  columns,
  hasStatus: true,
  // The same fields: kubectl 1.20 and its contemporaries know no other version.
  servedVersions: [
    {
      version: 'v1beta1',
      deprecation: 'batch/v1beta1 CronJob is deprecated in v1.21+; use batch/v1 CronJob',
    },
  ],
  setDefaults,
  warnings: ({ metadata }) => podNameWarnings(metadata.name),
  validate,
};
