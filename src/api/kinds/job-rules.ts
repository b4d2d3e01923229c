// What a Job, and the template of one in a CronJob, may say.
// Source: pkg/apis/batch/validation ValidateJob
import { invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { matchesLabels, selectorFromObject } from '../label-selector.ts';
import { labelNameProblems } from '../names.ts';
import type { batch, core, Job } from '../objects.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import { validateSelected, validateTemplate } from '../pod-spec/template.ts';
import { validateLabelSelector } from '../pod-spec/validate-selector.ts';
import type { FieldError } from '../status-error.ts';
import { validateFailurePolicy } from './job-failure-policy.ts';
import { validateIndexLimits, validateSuccessPolicy } from './job-success-policy.ts';

export const MAX_INT32 = 2_147_483_647;
/** Labels that the server puts on a job's pods; the short ones are from before Kubernetes 1.27. */
export const UID_LABELS = ['controller-uid', 'batch.kubernetes.io/controller-uid'] as const;
export const NAME_LABELS = ['job-name', 'batch.kubernetes.io/job-name'] as const;

const COMPLETION_MODES = ['Indexed', 'NonIndexed'];
const MAX_INDEXED_PARALLELISM = 100_000;
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

function validateIndexed(spec: batch.JobSpec, field: string): FieldError[] {
  if (spec.completionMode !== 'Indexed') {
    const only = 'requires indexed completion mode';
    return (['backoffLimitPerIndex', 'maxFailedIndexes', 'successPolicy'] as const).flatMap((name) =>
      spec[name] === undefined ? [] : [invalidValue(`${field}.${name}`, spec[name], only)],
    );
  }
  const errors: FieldError[] = [];
  if (spec.completions === undefined) {
    errors.push(required(`${field}.completions`, 'when completion mode is Indexed'));
  }
  if ((spec.parallelism ?? 0) > MAX_INDEXED_PARALLELISM) {
    const why = `must be less than or equal to ${MAX_INDEXED_PARALLELISM} when completion mode is Indexed`;
    errors.push(invalidValue(`${field}.parallelism`, spec.parallelism, why));
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  return [...errors, ...validateIndexLimits(spec, field), ...validateSuccessPolicy(spec, field)];
}

function validatePolicies(spec: batch.JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!COMPLETION_MODES.includes(spec.completionMode ?? 'NonIndexed')) {
    errors.push(notSupported(`${field}.completionMode`, spec.completionMode, COMPLETION_MODES));
  }
  const replacements = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  if (spec.podReplacementPolicy && !replacements.includes(spec.podReplacementPolicy)) {
    errors.push(notSupported(`${field}.podReplacementPolicy`, spec.podReplacementPolicy, replacements));
  }
  return errors;
}

/** A job ends: its pods may not be started again for ever. */
function validateRestartPolicy(spec: core.PodSpec | undefined, field: string): FieldError[] {
  const at = `${field}.template.spec.restartPolicy`;
  const policy = spec?.restartPolicy;
  if (!policy || policy === 'Always') return [required(at, 'valid values: "OnFailure", "Never"')];
  return policy === 'OnFailure' || policy === 'Never'
    ? []
    : [notSupported(at, policy, ['OnFailure', 'Never'])];
}

/** All but the selector, which the template of a CronJob does not have yet. */
export function validateJobTemplateSpec(spec: batch.JobSpec, field: string): FieldError[] {
  const template = spec.template ?? {};
  return [
    ...COUNTS.flatMap((name) => nonNegative(spec[name], `${field}.${name}`)),
    ...validateIndexed(spec, field),
    ...validatePolicies(spec, field),
    ...validateFailurePolicy(spec, field),
    ...validateTemplate(template, `${field}.template`),
    ...validateRestartPolicy(template.spec, field),
  ];
}

function requireLabel(job: Job, label: string, value: string): FieldError[] {
  const labels = job.spec.template.metadata?.labels ?? {};
  const field = `spec.template.metadata.labels[${label}]`;
  if (!Object.hasOwn(labels, label)) return [required(field, `must be '${value}'`)];
  return labels[label] === value ? [] : [invalidValue(field, labels, `must be '${value}'`)];
}

/** Unless its author chose the selector, it must be the one that the server makes: no two jobs share pods. */
function validateGenerated(job: Job): FieldError[] {
  const { manualSelector, selector } = job.spec;
  if (manualSelector || !selector) return [];
  const { uid, name } = job.metadata;
  const errors = [
    ...UID_LABELS.flatMap((label) => requireLabel(job, label, uid)),
    ...NAME_LABELS.flatMap((label) => requireLabel(job, label, name)),
  ];
  const expected = Object.fromEntries([
    ...UID_LABELS.map((label) => [label, uid]),
    ...NAME_LABELS.map((label) => [label, name]),
  ]);
  if (!matchesLabels(selectorFromObject(selector) ?? [], expected)) {
    errors.push(invalidValue('spec.selector', selector, '`selector` not auto-generated'));
  }
  return errors;
}

/** The last index makes the longest host name. */
function validateIndexedName({ metadata, spec }: Job): FieldError[] {
  if (spec.completionMode !== 'Indexed' || !spec.completions) return [];
  const problems = labelNameProblems(`${metadata.name}-${spec.completions - 1}`);
  const why = problems.map((problem) => `will not able to create pod with invalid DNS label: ${problem}`);
  return invalidEach('metadata.name', metadata.name, why);
}

export function validateJob(job: Job): FieldError[] {
  const { selector, template } = job.spec;
  return [
    ...validateGenerated(job),
    ...validateIndexedName(job),
    ...validateJobTemplateSpec(job.spec, 'spec'),
    ...(selector ? validateLabelSelector(selector, 'spec.selector') : [required('spec.selector')]),
    ...validateSelected(template, selectorFromObject(selector), 'spec.template'),
  ];
}
