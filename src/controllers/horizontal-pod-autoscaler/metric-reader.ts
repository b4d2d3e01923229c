// Where metrics come from: metrics.k8s.io through the Client, and what applications publish through a port. Amounts
// are in thousandths. Absent figures are errors in upstream's words, which people read in events and conditions.
// Source: pkg/controller/podautoscaler/metrics/client.go
import { podMetrics } from '../../api/kinds/pod-metrics.ts';
import { matchesLabels, selectorFromObject } from '../../api/label-selector.ts';
import { labelSelectorText } from '../../api/label-selector-text.ts';
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
  /** What is about no object: the fresh series of a metric, by their names. */
  series(namespace: string, metric: string): (CustomMetric & { name: string })[];
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
    const milli = sumOf(wanted.map(({ usage }) => usage[resource]));
    const windowMs = Number.parseFloat(item.window) * 1000;
    if (milli !== undefined) found.set(name, { milli, atMs: Date.parse(item.timestamp), windowMs });
  }
  return found;
}

function sumOf(texts: readonly (string | undefined)[]): number | undefined {
  if (texts.length === 0) return undefined;
  let sum = 0;
  for (const text of texts) {
    const quantity = tryParseQuantity(text ?? '');
    if (!quantity) return undefined;
    sum += milliValue(quantity);
  }
  return sum;
}

/** Published numbers have no window of their own; upstream's default. */
const CUSTOM_WINDOW_MS = 60_000;

type Metric = autoscaling.MetricIdentifier;

/** What each of these pods has published of itself. */
export function podsMetrics(
  source: CustomMetricSource | undefined,
  namespace: string,
  podNames: readonly string[],
  metric: Metric,
): Map<string, PodMetric> {
  const found = new Map<string, PodMetric>();
  for (const name of isSelected(metric, {}) ? podNames : []) {
    const value = source?.find(namespace, 'Pod', name, metric.name);
    if (value) found.set(name, { ...value, windowMs: CUSTOM_WINDOW_MS });
  }
  if (found.size > 0) return found;
  throw new MetricsError(`unable to get metric ${metric.name}: ${notFoundFor(metric, 'pods')}`);
}

/** What was published about one object. */
export function objectMetric(
  source: CustomMetricSource | undefined,
  namespace: string,
  { kind, name }: autoscaling.CrossVersionObjectReference,
  metric: Metric,
): number {
  const value = isSelected(metric, {}) ? source?.find(namespace, kind, name, metric.name) : undefined;
  if (value) return value.milli;
  throw new MetricsError(
    `unable to get metric ${metric.name} on ${kind} ${namespace}/${name}: ${notFoundFor(metric, `${kind} ${name}`)}`,
  );
}

/** The sum over the series that the selector leaves, as upstream. */
export function externalMetric(
  source: CustomMetricSource | undefined,
  namespace: string,
  metric: Metric,
): number {
  const series = source?.series(namespace, metric.name) ?? [];
  const selected = series.filter(({ name }) => isSelected(metric, { series: name }));
  if (selected.length > 0) return selected.reduce((sum, { milli }) => sum + milli, 0);
  throw new MetricsError(
    `unable to get external metric ${namespace}/${metric.name}/${labelSelectorText(metric.selector)}: no metrics returned from external metrics API`,
  );
}

/** Published numbers carry no labels but the name of their series: without a selector all are meant. */
function isSelected({ selector }: Metric, labels: Readonly<Record<string, string>>): boolean {
  return matchesLabels(selectorFromObject(selector) ?? [], labels);
}

const notFoundFor = ({ name }: Metric, whose: string): string =>
  `unable to fetch metrics from custom metrics API: the server could not find the metric ${name} for ${whose}`;
