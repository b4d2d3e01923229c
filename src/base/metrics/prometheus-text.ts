// Figures as Prometheus reads them. prom-client, which writes the text, is loaded with the first scrape.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
import type { Metric as PromMetric } from 'prom-client';
import type { Metric, MetricSource } from './metric.ts';

export const PROMETHEUS_TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All figures of `sources`, in their order. A name may come from one source only. */
export async function prometheusText(sources: readonly MetricSource[]): Promise<string> {
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  const metrics = (await Promise.all(sources.map((source) => source()))).flat();
  for (const metric of metrics) registry.registerMetric(asPromMetric(metric));
  return registry.metrics();
}

/** The registry only asks a metric for its name and `get`: so nothing is counted twice, and nothing kept. */
function asPromMetric({ name, help, type, samples }: Metric): PromMetric {
  const values = samples.map(({ labels = {}, value, suffix = '' }) => ({
    labels,
    value,
    metricName: `${name}${suffix}`,
  }));
  return {
    name,
    get: async () => ({ name, help, type, values, aggregator: 'sum' }),
  } as unknown as PromMetric;
}
