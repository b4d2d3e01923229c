// What a HorizontalPodAutoscaler may say: bounds, target, metrics and how fast it scales.
// Source: pkg/apis/autoscaling/validation ValidateHorizontalPodAutoscaler
import { forbiddenField, invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
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
    errors.push(invalidValue(`${field}.tolerance`, tolerance, 'must be greater than or equal to 0'));
  }
  if (!SELECT_POLICIES.includes(selectPolicy)) {
    errors.push(notSupported(`${field}.selectPolicy`, selectPolicy, SELECT_POLICIES));
  }
  if (policies.length === 0) errors.push(required(`${field}.policies`, 'must specify at least one Policy'));
  return [...errors, ...policies.flatMap((policy, i) => validatePolicy(policy, `${field}.policies[${i}]`))];
}

function validateBounds({ minReplicas = 1, maxReplicas = 0 }: autoscaling.HorizontalPodAutoscalerSpec) {
  const errors: FieldError[] = [];
  if (minReplicas < 0) {
    errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 0'));
  }
  if (maxReplicas === 0) errors.push(required('spec.maxReplicas', 'must be set and greater than 0'));
  if (maxReplicas < 0) {
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < minReplicas) {
    const why = 'must be greater than or equal to `minReplicas`';
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, why));
  }
  return errors;
}

/** Without pods only a metric that needs none can tell when there should be some. */
function validateWaking({
  minReplicas,
  metrics = [],
}: autoscaling.HorizontalPodAutoscalerSpec): FieldError[] {
  if (minReplicas !== 0 || metrics.some(({ object, external }) => object ?? external)) return [];
  const why = 'must specify at least one Object or External metric to support scaling to zero replicas';
  return [forbiddenField('spec.metrics', why)];
}

export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  return [
    ...validateBounds(spec),
    ...validateReference(spec.scaleTargetRef, 'spec.scaleTargetRef'),
    ...validateMetrics(spec.metrics ?? [], 'spec.metrics', validateReference),
    ...validateWaking(spec),
    ...validateScalingRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp'),
    ...validateScalingRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown'),
  ];
}

/** Which version the target is of was not asked for earlier: those that are there stay as they are. */
export function validateTargetVersion(
  { spec }: HorizontalPodAutoscaler,
  previous?: HorizontalPodAutoscaler,
): FieldError[] {
  const { kind, apiVersion = '' } = spec.scaleTargetRef ?? {};
  const before = previous?.spec.scaleTargetRef;
  if (before && before.kind === kind && (before.apiVersion ?? '') === apiVersion) return [];
  const field = 'spec.scaleTargetRef.apiVersion';
  const parts = apiVersion.split('/');
  if (parts.length > 2)
    return [invalidValue(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  const hasGroup = parts.length === 2 && parts[0] !== '';
  if (hasGroup || kind === 'ReplicationController') return [];
  return [invalidValue(field, apiVersion, 'apiVersion must specify API group')];
}
