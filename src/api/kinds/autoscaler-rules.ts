// What a HorizontalPodAutoscaler may say: bounds, target, metrics and how fast it scales.
// Source: pkg/apis/autoscaling/validation ValidateHorizontalPodAutoscaler
import { invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { pathSegmentProblems } from '../names.ts';
import type { autoscaling, HorizontalPodAutoscaler } from '../objects.ts';
import { milliValue, parseQuantity } from '../quantity.ts';
import type { FieldError } from '../status-error.ts';
import { validateMetrics } from './autoscaler-metric-rules.ts';

const MAX_STABILIZATION_SECONDS = 3600;
const MAX_PERIOD_SECONDS = 1800;
const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];

/** What a metric is measured on, or what is scaled. */
function validateReference(
  reference: autoscaling.CrossVersionObjectReference | undefined,
  field: string,
): FieldError[] {
  return (['kind', 'name'] as const).flatMap((name) => {
    const value = reference?.[name];
    return value
      ? invalidEach(`${field}.${name}`, value, pathSegmentProblems(value))
      : [required(`${field}.${name}`)];
  });
}

function validatePolicy(policy: autoscaling.HPAScalingPolicy, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type = '', value = 0, periodSeconds = 0 } = policy;
  if (!POLICY_TYPES.includes(type)) errors.push(notSupported(`${field}.type`, type, POLICY_TYPES));
  if (value <= 0) errors.push(invalidValue(`${field}.value`, value, 'must be greater than zero'));
  if (periodSeconds <= 0) {
    errors.push(invalidValue(`${field}.periodSeconds`, periodSeconds, 'must be greater than zero'));
  }
  if (periodSeconds > MAX_PERIOD_SECONDS) {
    const why = `must be less than or equal to ${MAX_PERIOD_SECONDS}`;
    errors.push(invalidValue(`${field}.periodSeconds`, periodSeconds, why));
  }
  return errors;
}

function validateScalingRules(rules: autoscaling.HPAScalingRules | undefined, field: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: windowSeconds = 0, selectPolicy = '', policies = [] } = rules;
  const window = `${field}.stabilizationWindowSeconds`;
  if (windowSeconds < 0) {
    errors.push(invalidValue(window, windowSeconds, 'must be greater than or equal to zero'));
  }
  if (windowSeconds > MAX_STABILIZATION_SECONDS) {
    const why = `must be less than or equal to ${MAX_STABILIZATION_SECONDS}`;
    errors.push(invalidValue(window, windowSeconds, why));
  }
  const { tolerance } = rules as { tolerance?: string };
  if (tolerance !== undefined && milliValue(parseQuantity(tolerance)) < 0) {
    errors.push(invalidValue(`${field}.tolerance`, tolerance, 'must be greater than or equal to zero'));
  }
  if (!SELECT_POLICIES.includes(selectPolicy)) {
    errors.push(notSupported(`${field}.selectPolicy`, selectPolicy, SELECT_POLICIES));
  }
  if (policies.length === 0) errors.push(required(`${field}.policies`, 'must specify at least one Policy'));
  return [...errors, ...policies.flatMap((policy, i) => validatePolicy(policy, `${field}.policies[${i}]`))];
}

function validateBounds({ minReplicas = 1, maxReplicas = 0 }: autoscaling.HorizontalPodAutoscalerSpec) {
  const errors: FieldError[] = [];
  if (minReplicas < 1) {
    errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  if (maxReplicas < minReplicas) {
    const why = 'must be greater than or equal to `minReplicas`';
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, why));
  }
  return errors;
}

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  return [
    ...validateBounds(spec),
    ...validateReference(spec.scaleTargetRef, 'spec.scaleTargetRef'),
    ...validateMetrics(spec.metrics ?? [], 'spec.metrics', validateReference),
    ...validateScalingRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp'),
    ...validateScalingRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown'),
  ];
}
