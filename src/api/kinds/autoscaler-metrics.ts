// HorizontalPodAutoscaler metrics as autoscaling/v1 writes them into annotations, from those of v2 and back.
// Source: k8s.io/kubernetes/pkg/apis/autoscaling/v1/conversion.go
import { isJsonObject, type Json, type JsonObject } from '../schema/json.ts';

/** One direction of the conversion of a metric's source, by its type. */
type Converter = (source: JsonObject) => JsonObject;

const FIELD_OF: Readonly<Record<string, string>> = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
};

export function metricsToV1(metrics: readonly Json[]): JsonObject[] {
  return metrics.filter(isJsonObject).map((metric) => converted(metric, sourceToV1));
}

export function metricsFromV1(metrics: readonly Json[]): JsonObject[] {
  return metrics.filter(isJsonObject).map((metric) => converted(metric, sourceFromV1));
}

/** Status metrics: `current` in v2, `currentAverageUtilization` and the like in v1. */
export function currentToV1(metrics: readonly Json[]): JsonObject[] {
  return metrics.filter(isJsonObject).map((metric) => converted(metric, currentSourceToV1));
}

export function currentFromV1(metrics: readonly Json[]): JsonObject[] {
  return metrics.filter(isJsonObject).map((metric) => converted(metric, currentSourceFromV1));
}

function converted(metric: JsonObject, convert: (type: string) => Converter): JsonObject {
  const type = String(metric.type);
  const field = FIELD_OF[type];
  const source = field === undefined ? undefined : metric[field];
  return field && isJsonObject(source) ? { type, [field]: present(convert(type)(source)) } : metric;
}

function present(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

const object = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});

function sourceToV1(type: string): Converter {
  return (source): JsonObject => {
    const { value, averageValue, averageUtilization } = object(source.target);
    const { name: metricName, selector } = object(source.metric);
    if (type === 'Pods') return present({ metricName, selector, targetAverageValue: averageValue });
    if (type === 'Object') {
      const target = source.describedObject;
      return present({
        target,
        metricName,
        targetValue: value ?? '0',
        selector,
        averageValue,
      });
    }
    if (type === 'External') {
      const metricSelector = selector;
      return present({
        metricName,
        metricSelector,
        targetValue: value,
        targetAverageValue: averageValue,
      });
    }
    const { name, container } = source;
    const targets = { targetAverageUtilization: averageUtilization, targetAverageValue: averageValue };
    return present({ name, container, ...targets });
  };
}

function sourceFromV1(type: string): Converter {
  return (source): JsonObject => {
    const { metricName: name, targetAverageUtilization, targetAverageValue, targetValue } = source;
    if (type === 'Pods') {
      const target = valueTarget(undefined, targetAverageValue, undefined);
      return { metric: present({ name, selector: source.selector }), target };
    }
    if (type === 'Object') {
      const target = valueTarget(
        source.averageValue ? undefined : targetValue,
        source.averageValue,
        undefined,
      );
      const metric = present({ name, selector: source.selector });
      return { describedObject: object(source.target), metric, target };
    }
    if (type === 'External') {
      const metric = present({ name, selector: source.metricSelector });
      return { metric, target: valueTarget(targetValue, targetAverageValue, undefined) };
    }
    const target = valueTarget(undefined, targetAverageValue, targetAverageUtilization);
    return present({ name: source.name, container: source.container, target });
  };
}

/** A v2 MetricTarget; its type says which of the three is set. */
function valueTarget(
  value: Json | undefined,
  average: Json | undefined,
  utilization: Json | undefined,
): JsonObject {
  const type = utilization !== undefined ? 'Utilization' : average !== undefined ? 'AverageValue' : 'Value';
  return present({ type, value, averageValue: average, averageUtilization: utilization });
}

function currentSourceToV1(type: string): Converter {
  return (source): JsonObject => {
    const { value, averageValue, averageUtilization } = object(source.current);
    const { name: metricName, selector } = object(source.metric);
    const currentAverageValue = averageValue ?? '0';
    if (type === 'Pods') return present({ metricName, selector, currentAverageValue });
    if (type === 'Object') {
      const target = source.describedObject;
      return present({
        target,
        metricName,
        currentValue: value ?? '0',
        selector,
        averageValue,
      });
    }
    if (type === 'External') {
      const fields = { metricName, metricSelector: selector, currentValue: value ?? '0' };
      return present({ ...fields, currentAverageValue: averageValue });
    }
    const { name, container } = source;
    const fields = { name, container, currentAverageUtilization: averageUtilization, currentAverageValue };
    return present(fields);
  };
}

function currentSourceFromV1(type: string): Converter {
  return (source): JsonObject => {
    const { metricName: name, currentAverageUtilization, currentAverageValue, currentValue } = source;
    const metric = (selector: Json | undefined) => present({ name, selector });
    if (type === 'Pods') {
      return {
        metric: metric(source.selector),
        current: present({ averageValue: currentAverageValue }),
      };
    }
    if (type === 'Object') {
      const current = present({ value: currentValue, averageValue: source.averageValue });
      return { describedObject: object(source.target), metric: metric(source.selector), current };
    }
    if (type === 'External') {
      const current = present({ value: currentValue, averageValue: currentAverageValue });
      return { metric: metric(source.metricSelector), current };
    }
    const fields = { averageUtilization: currentAverageUtilization, averageValue: currentAverageValue };
    return present({ name: source.name, container: source.container, current: present(fields) });
  };
}
