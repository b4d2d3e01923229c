// autoscaling/v1: a HorizontalPodAutoscaler with one CPU target; what v2 says beyond that is carried in annotations,
// as upstream does, so that a client of v1 that writes back what it read loses nothing.
import type { KubeObject, ObjectMeta } from '../objects.ts';
import { isJsonObject, type Json, type JsonObject } from '../schema/json.ts';
import type { ServedVersion } from '../scheme.ts';
import { currentFromV1, currentToV1, metricsFromV1, metricsToV1 } from './autoscaler-metrics.ts';

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const METRICS = `${PREFIX}metrics`;
const CURRENT_METRICS = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const BEHAVIOR = `${PREFIX}behavior`;
const CARRIERS = [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR];

type Scaler = KubeObject & { spec?: JsonObject; status?: JsonObject };

const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

const cpuUtilization = (metric: Json, at: 'target' | 'current'): Json | undefined => {
  if (!isJsonObject(metric) || metric.type !== 'Resource' || !isJsonObject(metric.resource)) return undefined;
  const values = metric.resource[at];
  return metric.resource.name === 'cpu' && isJsonObject(values) ? values.averageUtilization : undefined;
};

function fromStored(object: KubeObject): KubeObject {
  const { spec = {}, status, ...rest } = object as Scaler;
  const { metrics, behavior, ...kept } = spec;
  const all = list(metrics);
  const cpu = all.find((metric) => cpuUtilization(metric, 'target') !== undefined);
  const others = all.filter((metric) => metric !== cpu);
  const carried: Record<string, Json> = {};
  if (others.length > 0) carried[METRICS] = metricsToV1(others);
  if (behavior !== undefined) carried[BEHAVIOR] = behavior;
  const shown = status && statusFromStored(status, carried);
  const target = cpu === undefined ? undefined : cpuUtilization(cpu, 'target');
  return {
    ...rest,
    metadata: withCarried(object.metadata, carried),
    spec: { ...kept, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    ...(shown ? { status: shown } : {}),
  } as KubeObject;
}

function statusFromStored(status: JsonObject, carried: Record<string, Json>): JsonObject {
  const { currentMetrics, conditions, ...kept } = status;
  const current = list(currentMetrics);
  const cpu = current.find((metric) => cpuUtilization(metric, 'current') !== undefined);
  const utilization = cpu === undefined ? undefined : cpuUtilization(cpu, 'current');
  if (current.length > 0) carried[CURRENT_METRICS] = currentToV1(current);
  if (list(conditions).length > 0) carried[CONDITIONS] = conditions!;
  return { ...kept, ...(utilization === undefined ? {} : { currentCPUUtilizationPercentage: utilization }) };
}

function withCarried(metadata: ObjectMeta, carried: Readonly<Record<string, Json>>): ObjectMeta {
  const added = Object.entries(carried).map(([key, value]) => [key, JSON.stringify(value)]);
  if (added.length === 0) return metadata;
  return { ...metadata, annotations: { ...metadata.annotations, ...Object.fromEntries(added) } };
}

function toStored(object: KubeObject): KubeObject {
  const { spec = {}, status, ...rest } = object as Scaler;
  const { targetCPUUtilizationPercentage: target, ...kept } = spec;
  const carried = object.metadata.annotations ?? {};
  const others = metricsFromV1(list(carriedValue(carried, METRICS)));
  const metrics = target === undefined ? others : [...others, cpuMetric(target)];
  const behavior = carriedValue(carried, BEHAVIOR);
  return {
    ...rest,
    metadata: withoutCarriers(object.metadata),
    spec: {
      ...kept,
      ...(metrics.length > 0 ? { metrics } : {}),
      ...(isJsonObject(behavior) ? { behavior } : {}),
    },
    ...(status ? { status: statusToStored(status, carried) } : {}),
  } as KubeObject;
}

const cpuMetric = (averageUtilization: Json): JsonObject => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

function statusToStored(status: JsonObject, carried: Readonly<Record<string, string>>): JsonObject {
  const { currentCPUUtilizationPercentage: utilization, ...kept } = status;
  const known = currentFromV1(list(carriedValue(carried, CURRENT_METRICS)));
  const cpu = {
    type: 'Resource',
    resource: { name: 'cpu', current: { averageUtilization: utilization as Json } },
  };
  const hasCpu = known.some((metric) => cpuUtilization(metric, 'current') !== undefined);
  const currentMetrics = utilization === undefined || hasCpu ? known : [...known, cpu];
  const conditions = list(carriedValue(carried, CONDITIONS));
  return {
    ...kept,
    ...(currentMetrics.length > 0 ? { currentMetrics } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

/** As upstream: an annotation that is not JSON counts as absent. */
function carriedValue(annotations: Readonly<Record<string, string>>, key: string): Json | undefined {
  try {
    return JSON.parse(annotations[key] ?? 'null') as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function withoutCarriers(metadata: ObjectMeta): ObjectMeta {
  const { annotations, ...rest } = metadata;
  if (!annotations) return metadata;
  const kept = Object.entries(annotations).filter(([key]) => !CARRIERS.includes(key));
  return kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) };
}

export const autoscalerV1: ServedVersion = { version: 'v1', fromStored, toStored };
