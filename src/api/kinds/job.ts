// Job: names, columns and defaults. Its rules stand in job-rules.ts, its selector is made by the API server.
// Source: pkg/apis/batch/v1/defaults.go, pkg/printers/internalversion/printers.go printJob
import { ageColumn, column, nameColumn } from '../columns.ts';
import { isConditionTrue } from '../conditions.ts';
import { humanDuration } from '../duration.ts';
import type { batch, Job } from '../objects.ts';
import { podNameWarnings, setTemplateDefaults } from '../pod-spec/template.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import { MAX_INT32, validateJob } from './job-rules.ts';
import { validateJobUpdate } from './job-update.ts';
import { selectorColumn, templateColumns } from './template-columns.ts';

const DEFAULT_RETRIES = 6;

function statusText({ metadata, status }: Job): string {
  const is = (type: string) => isConditionTrue(status?.conditions, type);
  if (is('Complete')) return 'Complete';
  if (is('Failed')) return 'Failed';
  if (metadata.deletionTimestamp) return 'Terminating';
  if (is('Suspended')) return 'Suspended';
  if (is('FailureTarget')) return 'FailureTarget';
  if (is('SuccessCriteriaMet')) return 'SuccessCriteriaMet';
  return 'Running';
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: Job, nowMs: number): string {
  if (!status?.startTime) return '';
  const endMs = status.completionTime ? Date.parse(status.completionTime) : nowMs;
  return humanDuration(endMs - Date.parse(status.startTime));
}

const columns: readonly Column<Job>[] = [
  nameColumn,
  column('Status', 'Status of the job.', statusText),
  column('Completions', 'Pods that succeeded, of those that should.', completionsText),
  column('Duration', 'Time required to complete the job.', durationText),
  ageColumn,
  ...templateColumns<Job>(({ spec }) => spec.template),
  selectorColumn<Job>(({ spec }) => spec.selector),
];

function setFailurePolicyDefaults(policy: batch.PodFailurePolicy | undefined): void {
  for (const rule of policy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
}

function setDefaults(job: Job): void {
  job.spec ??= {} as batch.JobSpec;
  const { spec } = job;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? DEFAULT_RETRIES : MAX_INT32;
  spec.completionMode ||= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ||= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  setFailurePolicyDefaults(spec.podFailurePolicy);
  spec.template ??= {};
  setTemplateDefaults(spec.template);
  const { labels } = spec.template.metadata ?? {};
  if (labels && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels };
}

export const jobs: KindDefinition<Job> = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  shortNames: [],
  categories: ['all'],
  namespaced: true,
  columns,
  hasStatus: true,
  defaultPropagation: 'Orphan',
  selectableFields: { 'status.successful': (job) => String(job.status?.succeeded ?? 0) },
  setDefaults,
  warnings: ({ metadata }) => podNameWarnings(metadata.name),
  validate: validateJob,
  validateUpdate: validateJobUpdate,
};
