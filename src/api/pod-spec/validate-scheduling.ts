// Where a pod may run: node selector, tolerations, affinity, spread.
// Source: pkg/apis/core/validation ValidateTolerations, validateAffinity, validateTopologySpreadConstraints
import {
  duplicate,
  forbiddenField,
  invalidEach,
  invalidValue,
  notSupported,
  required,
} from '../field-error.ts';
import { validateLabels } from '../metadata.ts';
import { labelValueProblems, qualifiedNameProblems } from '../names.ts';
import type { core } from '../objects.ts';
import type { FieldError } from '../status-error.ts';
import { validateLabelKeys } from './validate-label-keys.ts';
import { validateLabelSelector } from './validate-selector.ts';

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const NODE_OPERATORS = ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'];
const INCLUSION = ['Honor', 'Ignore'];
const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];

function validateOperatorAndValue(toleration: core.Toleration, field: string): FieldError[] {
  const operator = toleration.operator || 'Equal';
  if (operator === 'Equal') {
    return invalidEach(
      `${field}.operator`,
      toleration.value ?? '',
      labelValueProblems(toleration.value ?? ''),
    );
  }
  if (operator !== 'Exists') return [notSupported(`${field}.operator`, operator, ['Equal', 'Exists'])];
  return toleration.value
    ? [invalidValue(`${field}.operator`, toleration, "value must be empty when `operator` is 'Exists'")]
    : [];
}

function validateToleration(toleration: core.Toleration, field: string): FieldError[] {
  const errors = validateOperatorAndValue(toleration, field);
  const { key, effect, tolerationSeconds } = toleration;
  if (key) errors.push(...invalidEach(`${field}.key`, key, qualifiedNameProblems(key)));
  else if (toleration.operator !== 'Exists') {
    const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(invalidValue(`${field}.operator`, toleration.operator ?? '', why));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.push(invalidValue(`${field}.effect`, effect ?? '', why));
  }
  if (effect && !TAINT_EFFECTS.includes(effect))
    errors.push(notSupported(`${field}.effect`, effect, TAINT_EFFECTS));
  return errors;
}

interface Expression {
  key: string;
  operator: string;
  values?: string[];
}

function validateExpression(
  expression: Expression,
  operators: readonly string[],
  field: string,
): FieldError[] {
  const { key, operator, values = [] } = expression;
  const errors = invalidEach(`${field}.key`, key, qualifiedNameProblems(key ?? ''));
  if (!operators.includes(operator))
    return [...errors, notSupported(`${field}.operator`, operator, operators)];
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    errors.push(forbiddenField(`${field}.values`, why));
  }
  if ((operator === 'Gt' || operator === 'Lt') && values.length !== 1) {
    errors.push(
      required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
    );
  }
  return errors;
}

/** Left out by the client: as if it were empty. */
function validateNodeTerm(term: core.NodeSelectorTerm | undefined, field: string): FieldError[] {
  return (term?.matchExpressions ?? []).flatMap((expression, i) =>
    validateExpression(expression, NODE_OPERATORS, `${field}.matchExpressions[${i}]`),
  );
}

function validateWeight(weight: number, field: string): FieldError[] {
  return weight >= 1 && weight <= 100
    ? []
    : [invalidValue(`${field}.weight`, weight, 'must be in the range 1-100')];
}

function validateNodeAffinity(affinity: core.NodeAffinity | undefined, field: string): FieldError[] {
  const needed = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const neededAt = `${field}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  const preferredAt = `${field}.preferredDuringSchedulingIgnoredDuringExecution`;
  const errors: FieldError[] = [];
  if (needed && !needed.nodeSelectorTerms?.length) {
    errors.push(required(neededAt, 'must have at least one node selector term'));
  }
  needed?.nodeSelectorTerms?.forEach((term, i) => {
    errors.push(...validateNodeTerm(term, `${neededAt}[${i}]`));
  });
  preferred.forEach((term, i) => {
    errors.push(...validateWeight(term.weight, `${preferredAt}[${i}]`));
    errors.push(...validateNodeTerm(term.preference, `${preferredAt}[${i}].preference`));
  });
  return errors;
}

function validatePodTerm(term: core.PodAffinityTerm | undefined, field: string): FieldError[] {
  const key = term?.topologyKey
    ? invalidEach(`${field}.topologyKey`, term.topologyKey, qualifiedNameProblems(term.topologyKey))
    : [required(`${field}.topologyKey`, 'can not be empty')];
  return [
    ...key,
    ...validateLabelSelector(term?.labelSelector, `${field}.labelSelector`),
    ...validateLabelKeys(term ?? {}, field),
  ];
}

function validatePodAffinity(affinity: core.PodAffinity | undefined, field: string): FieldError[] {
  const neededAt = `${field}.requiredDuringSchedulingIgnoredDuringExecution`;
  const preferredAt = `${field}.preferredDuringSchedulingIgnoredDuringExecution`;
  const needed = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...needed.flatMap((term, i) => validatePodTerm(term, `${neededAt}[${i}]`)),
    ...preferred.flatMap((term, i) => [
      ...validateWeight(term.weight, `${preferredAt}[${i}]`),
      ...validatePodTerm(term.podAffinityTerm, `${preferredAt}[${i}].podAffinityTerm`),
    ]),
  ];
}

function validateSpread(constraint: core.TopologySpreadConstraint, field: string): FieldError[] {
  const errors = [
    ...validateLabelSelector(constraint.labelSelector, `${field}.labelSelector`),
    ...validateLabelKeys(constraint, field),
  ];
  if (constraint.maxSkew <= 0) {
    errors.push(invalidValue(`${field}.maxSkew`, constraint.maxSkew, 'must be greater than zero'));
  }
  if (!constraint.topologyKey) errors.push(required(`${field}.topologyKey`, 'can not be empty'));
  const { minDomains, nodeAffinityPolicy, nodeTaintsPolicy } = constraint;
  if (minDomains !== undefined && minDomains <= 0) {
    errors.push(invalidValue(`${field}.minDomains`, minDomains, 'must be greater than zero'));
  }
  if (minDomains !== undefined && constraint.whenUnsatisfiable !== 'DoNotSchedule') {
    const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${constraint.whenUnsatisfiable}`;
    errors.push(invalidValue(`${field}.minDomains`, minDomains, why));
  }
  for (const [name, policy] of Object.entries({ nodeAffinityPolicy, nodeTaintsPolicy })) {
    if (policy !== undefined && !INCLUSION.includes(policy)) {
      errors.push(notSupported(`${field}.${name}`, policy, INCLUSION));
    }
  }
  if (!UNSATISFIABLE.includes(constraint.whenUnsatisfiable)) {
    errors.push(notSupported(`${field}.whenUnsatisfiable`, constraint.whenUnsatisfiable, UNSATISFIABLE));
  }
  return errors;
}

/** Source: validateSchedulingGates */
function validateGates(spec: core.PodSpec, field: string): FieldError[] {
  const gates = spec.schedulingGates ?? [];
  return [
    ...gates.flatMap(({ name }, i) => [
      ...invalidEach(`${field}.schedulingGates[${i}]`, name, qualifiedNameProblems(name ?? '')),
      ...(gates.findIndex((gate) => gate.name === name) < i
        ? [duplicate(`${field}.schedulingGates[${i}]`, name)]
        : []),
    ]),
    ...(gates.length > 0 && spec.nodeName
      ? [forbiddenField(`${field}.nodeName`, 'cannot be set until all schedulingGates have been cleared')]
      : []),
  ];
}

export function validateScheduling(spec: core.PodSpec, field: string): FieldError[] {
  const { affinity } = spec;
  return [
    ...validateGates(spec, field),
    ...validateLabels(spec.nodeSelector, `${field}.nodeSelector`),
    ...validateNodeAffinity(affinity?.nodeAffinity, `${field}.affinity.nodeAffinity`),
    ...validatePodAffinity(affinity?.podAffinity, `${field}.affinity.podAffinity`),
    ...validatePodAffinity(affinity?.podAntiAffinity, `${field}.affinity.podAntiAffinity`),
    ...(spec.tolerations ?? []).flatMap((t, i) => validateToleration(t, `${field}.tolerations[${i}]`)),
    ...(spec.topologySpreadConstraints ?? []).flatMap((c, i) =>
      validateSpread(c, `${field}.topologySpreadConstraints[${i}]`),
    ),
  ];
}
