// Which failures of a pod a Job counts, ignores or gives up at.
// Source: pkg/apis/batch/validation validatePodFailurePolicy
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
import { duplicate, invalidValue, notSupported, required } from '../field-error.ts';
import { qualifiedNameProblems } from '../names.ts';
import type { batch } from '../objects.ts';
import type { FieldError } from '../status-error.ts';

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const CONDITION_STATUSES = ['False', 'True', 'Unknown'];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

function validateExitCodes(
  codes: batch.PodFailurePolicyOnExitCodesRequirement,
  containers: readonly string[],
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const { operator, values = [], containerName } = codes;
  if (!operator) errors.push(required(`${field}.operator`, `valid values: ${JSON.stringify(OPERATORS)}`));
  else if (!OPERATORS.includes(operator)) errors.push(notSupported(`${field}.operator`, operator, OPERATORS));
  if (containerName && !containers.includes(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalidValue(`${field}.containerName`, containerName, why));
  }
  if (values.length === 0) {
    errors.push(invalidValue(`${field}.values`, values, 'at least one value is required'));
  } else if (values.length > MAX_EXIT_CODES) {
    errors.push(invalidValue(`${field}.values`, values.length, `must have at most ${MAX_EXIT_CODES} items`));
  }
  values.forEach((value, i) => {
    const at = `${field}.values[${i}]`;
    if (operator === 'In' && value === 0)
      errors.push(invalidValue(at, value, 'must not be 0 for the In operator'));
    if (values.indexOf(value) !== i) errors.push(duplicate(at, value));
    if (i > 0 && value < (values[i - 1] ?? 0)) {
      errors.push(invalidValue(`${field}.values`, values, 'must be ordered'));
    }
  });
  return errors;
}

function validateCondition(
  pattern: batch.PodFailurePolicyOnPodConditionsPattern,
  field: string,
): FieldError[] {
  const errors = qualifiedNameProblems(pattern.type ?? '').map((problem) =>
    invalidValue(`${field}.type`, pattern.type, problem),
  );
  if (!pattern.status) {
    errors.push(required(`${field}.status`, `valid values: ${JSON.stringify(CONDITION_STATUSES)}`));
  } else if (!CONDITION_STATUSES.includes(pattern.status)) {
    errors.push(notSupported(`${field}.status`, pattern.status, CONDITION_STATUSES));
  }
  return errors;
}

function validateRule(rule: batch.PodFailurePolicyRule, spec: batch.JobSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { action, onExitCodes, onPodConditions = [] } = rule;
  if (!action) errors.push(required(`${field}.action`, `valid values: ${JSON.stringify(ACTIONS)}`));
  else if (!ACTIONS.includes(action)) errors.push(notSupported(`${field}.action`, action, ACTIONS));
  else if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalidValue(`${field}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  }
  if (onExitCodes && onPodConditions.length > 0) {
    const why = 'specifying both OnExitCodes and OnPodConditions is not supported';
    errors.push(invalidValue(field, rule, why));
  }
  if (!onExitCodes && onPodConditions.length === 0) {
    const why = 'specifying one of OnExitCodes and OnPodConditions is required';
    errors.push(invalidValue(field, rule, why));
  }
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = [...containers, ...initContainers].map((container) => container.name);
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, names, `${field}.onExitCodes`));
  return [
    ...errors,
    ...onPodConditions.flatMap((pattern, i) => validateCondition(pattern, `${field}.onPodConditions[${i}]`)),
  ];
}

/** `field` is where the job's spec stands. */
export function validateFailurePolicy(spec: batch.JobSpec, field: string): FieldError[] {
  if (!spec.podFailurePolicy) return [];
  const { rules = [] } = spec.podFailurePolicy;
  const errors: FieldError[] = [];
  const restartPolicy = spec.template.spec?.restartPolicy;
  if (restartPolicy !== 'Never') {
    const why = 'only "Never" is supported when podFailurePolicy is specified';
    errors.push(invalidValue(`${field}.template.spec.restartPolicy`, restartPolicy, why));
  }
  if (rules.length > MAX_RULES) {
    const why = `must have at most ${MAX_RULES} items`;
    errors.push(invalidValue(`${field}.podFailurePolicy.rules`, rules.length, why));
  }
  return [
    ...errors,
    ...rules.flatMap((rule, i) => validateRule(rule, spec, `${field}.podFailurePolicy.rules[${i}]`)),
  ];
}
