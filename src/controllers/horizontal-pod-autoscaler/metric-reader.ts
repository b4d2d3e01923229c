// Where metrics come from: metrics.k8s.io through the Client, and what applications publish through a port. Amounts
// are in thousandths. Absent figures are errors in upstream's words, which people read in events and conditions.
// Source: pkg/controller/podautoscaler/metrics/client.go
import { podMetrics } from '../../api/kinds/pod-metrics.ts';
import type { autoscaling } from '../../api/objects.ts';
import { milliValue, tryParseQuantity } from '../../api/quantity.ts';
import type { Client } from '../../client/client.ts';
import { MetricsError, type PodMetric } from './replica-calculator.ts';

/** One number that an application has published about an object. */
export interface CustomMetric {
  milli: number;
  /** Milliseconds since the epoch. */
  atMs: number;
}

/** Declared here, joined in bin/. */
export interface CustomMetricSource {
  /** The newest; `undefined` when there is none, or none that is fresh. */
  find(namespace: string, kind: string, name: string, metric: string): CustomMetric | undefined;
}

export interface ResourceQuestion {
  namespace: string;
  /** Text form. */
  selector: string;
  resource: string;
  /** One container of each pod instead of all. */
  container?: string | undefined;
}

/** By the pod's name; a pod of which something is not known is left out. */
export async function resourceMetrics(
  client: Client,
  { namespace, selector, resource, container }: ResourceQuestion,
): Promise<Map<string, PodMetric>> {
  const { items } = await client.list(podMetrics, { namespace, labelSelector: selector });
  if (items.length === 0) throw new MetricsError('no metrics returned from resource metrics API');
  const found = new Map<string, PodMetric>();
  for (const item of items) {
    const { name } = item.metadata;
    const wanted = item.containers.filter((one) => container === undefined || one.name === container);
    if (wanted.length === 0 && container !== undefined) {
      throw new MetricsError(`container ${container} not present in metrics for pod ${namespace}/${name}`);
    }
    const milli = sumOf(wanted.map(({ usage }) => usage[resource]));
    const windowMs = Number.parseFloat(item.window) * 1000;
    if (milli !== undefined) found.set(name, { milli, atMs: Date.parse(item.timestamp), windowMs });
  }
  return found;
}

function sumOf(texts: readonly (string | undefined)[]): number | undefined {
  let sum = 0;
  for (const text of texts) {
    const quantity = tryParseQuantity(text ?? '');
    if (!quantity) return undefined;
    sum += milliValue(quantity);
  }
  return sum;
}

const NO_CUSTOM = 'unable to fetch metrics from custom metrics API';
/** Published numbers have no window of their own; upstream's default. */
const CUSTOM_WINDOW_MS = 60_000;

/** What each of these pods has published of itself. */
export function podsMetrics(
  source: CustomMetricSource | undefined,
  namespace: string,
  podNames: readonly string[],
  metric: string,
): Map<string, PodMetric> {
  const found = new Map<string, PodMetric>();
  for (const name of podNames) {
    const value = source?.find(namespace, 'Pod', name, metric);
    if (value) found.set(name, { ...value, windowMs: CUSTOM_WINDOW_MS });
  }
  if (found.size === 0) {
    throw new MetricsError(
      `unable to get metric ${metric}: ${NO_CUSTOM}: the server could not find the metric ${metric} for pods`,
    );
  }
  return found;
}

/** What was published about one object. */
export function objectMetric(
  source: CustomMetricSource | undefined,
  namespace: string,
  { kind, name }: autoscaling.CrossVersionObjectReference,
  metric: string,
): number {
  const value = source?.find(namespace, kind, name, metric);
  if (value) return value.milli;
  const why = `the server could not find the metric ${metric} for ${kind} ${name}`;
  throw new MetricsError(
    `unable to get metric ${metric}: ${kind} on ${namespace} ${name}/${NO_CUSTOM}: ${why}`,
  );
}

/** Nothing here serves external.metrics.k8s.io, and the autoscaler says so. */
export function externalMetric(namespace: string, metric: string): never {
  const why = 'no external metrics API (external.metrics.k8s.io) registered';
  throw new MetricsError(
    `unable to get external metric ${namespace}/${metric}: unable to fetch metrics from external metrics API: ${why}`,
  );
}
