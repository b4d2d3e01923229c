// The metrics of a HorizontalPodAutoscaler: one source each, with a target that its type allows.
// Source: pkg/apis/autoscaling/validation validateMetrics
import { forbiddenField, invalidEach, invalidValue, notSupported, required } from '../field-error.ts';
import { pathSegmentProblems } from '../names.ts';
import type { autoscaling } from '../objects.ts';
import { validateLabelSelector } from '../pod-spec/validate-selector.ts';
import { tryParseQuantity } from '../quantity.ts';
import type { FieldError } from '../status-error.ts';

type Reference = (
  reference: autoscaling.CrossVersionObjectReference | undefined,
  field: string,
) => FieldError[];

const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue'];
const FIELDS = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

function positive(text: string | undefined, field: string): FieldError[] {
  const quantity = text === undefined ? undefined : tryParseQuantity(text);
  return quantity && quantity.nanos <= 0n ? [invalidValue(field, text, 'must be positive')] : [];
}

function validateTarget(target: autoscaling.MetricTarget | undefined, field: string): FieldError[] {
  const { type, value, averageValue, averageUtilization } = target ?? { type: '' };
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${field}.type`, 'must specify a metric target type'));
  else if (!TARGET_TYPES.includes(type)) {
    const why = 'must be either Utilization, Value, or AverageValue';
    errors.push(invalidValue(`${field}.type`, type, why));
  }
  errors.push(...positive(value, `${field}.value`), ...positive(averageValue, `${field}.averageValue`));
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalidValue(`${field}.averageUtilization`, averageUtilization, 'must be greater than 0'));
  }
  return errors;
}

function validateMetricName(metric: autoscaling.MetricIdentifier | undefined, field: string): FieldError[] {
  const name = metric?.name
    ? invalidEach(`${field}.name`, metric.name, pathSegmentProblems(metric.name))
    : [required(`${field}.name`, 'must specify a metric name')];
  return [...name, ...validateLabelSelector(metric?.selector, `${field}.selector`)];
}

/** Resource and ContainerResource: a share of the request, or an amount for each pod. */
function validateResourceSource(
  source: Pick<autoscaling.ResourceMetricSource, 'name' | 'target'>,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const { averageUtilization, averageValue } = source.target ?? {};
  if (!source.name) errors.push(required(`${field}.name`, 'must specify a resource name'));
  errors.push(...validateTarget(source.target, `${field}.target`));
  if (averageUtilization === undefined && averageValue === undefined) {
    const why = 'must set either a target raw value or a target utilization';
    errors.push(required(`${field}.target.averageUtilization`, why));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const why = 'may not set both a target raw value and a target utilization';
    errors.push(forbiddenField(`${field}.target.averageValue`, why));
  }
  return errors;
}

function validatePods(source: autoscaling.PodsMetricSource, field: string): FieldError[] {
  const errors = [
    ...validateMetricName(source.metric, `${field}.metric`),
    ...validateTarget(source.target, `${field}.target`),
  ];
  if (source.target?.averageValue === undefined) {
    errors.push(required(`${field}.target.averageValue`, 'must specify a positive target averageValue'));
  }
  return errors;
}

function validateObject(
  source: autoscaling.ObjectMetricSource,
  field: string,
  reference: Reference,
): FieldError[] {
  const { describedObject, metric, target } = source;
  const none = target?.value === undefined && target?.averageValue === undefined;
  return [
    ...reference(describedObject, `${field}.describedObject`),
    ...validateMetricName(metric, `${field}.metric`),
    ...validateTarget(target, `${field}.target`),
    ...(none
      ? [required(`${field}.target.averageValue`, 'must set either a target value or averageValue')]
      : []),
  ];
}

function validateExternal(source: autoscaling.ExternalMetricSource, field: string): FieldError[] {
  const { metric, target } = source;
  const errors = [
    ...validateMetricName(metric, `${field}.metric`),
    ...validateTarget(target, `${field}.target`),
  ];
  const { value, averageValue } = target ?? {};
  if (value === undefined && averageValue === undefined) {
    const why = 'must set either a target value for metric or a per-pod target';
    errors.push(required(`${field}.target.averageValue`, why));
  }
  if (value !== undefined && averageValue !== undefined) {
    const why = 'may not set both a target value for metric and a per-pod target';
    errors.push(forbiddenField(`${field}.target.value`, why));
  }
  return errors;
}

function validateContainerResource(
  source: autoscaling.ContainerResourceMetricSource,
  field: string,
): FieldError[] {
  const container = source.container ? [] : [required(`${field}.container`, 'must specify a container')];
  return [...container, ...validateResourceSource(source, field)];
}

/** Of several the first is looked into: the others must go anyway. */
function validateSource(metric: autoscaling.MetricSpec, field: string, reference: Reference): FieldError[] {
  const { containerResource, external, object, pods, resource } = metric;
  if (object) return validateObject(object, `${field}.object`, reference);
  if (external) return validateExternal(external, `${field}.external`);
  if (pods) return validatePods(pods, `${field}.pods`);
  if (resource) return validateResourceSource(resource, `${field}.resource`);
  return containerResource ? validateContainerResource(containerResource, `${field}.containerResource`) : [];
}

function validateMetric(metric: autoscaling.MetricSpec, field: string, reference: Reference): FieldError[] {
  const errors: FieldError[] = [];
  const { type } = metric;
  if (!type) errors.push(required(`${field}.type`, 'must specify a metric source type'));
  else if (!Object.hasOwn(FIELDS, type)) {
    errors.push(notSupported(`${field}.type`, type, Object.keys(FIELDS)));
  }
  errors.push(...validateSource(metric, field, reference));
  const expected = FIELDS[type as keyof typeof FIELDS];
  const given = Object.values(FIELDS).filter((name) => metric[name] !== undefined);
  if (expected && !given.includes(expected)) {
    const why = 'must populate information for the given metric source';
    errors.push(required(`${field}.${expected}`, why));
  }
  for (const other of given.filter((name) => name !== expected)) {
    errors.push(forbiddenField(`${field}.${other}`, 'must populate the given metric source only'));
  }
  return errors;
}

/** `reference` checks what an Object metric is measured on. */
export function validateMetrics(
  metrics: readonly autoscaling.MetricSpec[],
  field: string,
  reference: Reference,
): FieldError[] {
  return metrics.flatMap((metric, i) => validateMetric(metric, `${field}[${i}]`, reference));
}
