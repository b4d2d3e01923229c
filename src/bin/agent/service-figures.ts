// What a board carries of each Service, for Prometheus: the proxy's own numbers and, where the kernel forwards, those of
// its rules, read when somebody asks.
// https://prometheus.io/docs/practices/naming/
import type { Metric, MetricSample } from '../../base/metrics/metric.ts';
import type { EndpointConnections } from '../../network/kernel-connections.ts';
import type { ServiceCounters, ServiceFigures } from '../../proxy/service-load.ts';

export function serviceMetrics(
  bySockets: ReadonlyMap<string, ServiceFigures>,
  byKernel: readonly EndpointConnections[],
): Metric[] {
  const services = [...bySockets];
  const each = (value: (figures: ServiceFigures) => number): MetricSample[] =>
    services.map(([key, figures]) => ({ labels: labelsOf(key), value: value(figures) }));
  return [
    gauge(
      'active_connections',
      'that the agent relays now',
      each(({ active }) => active),
    ),
    counter(
      'connections_total',
      'that the agent has taken',
      each(({ accepted }) => accepted),
    ),
    counter('refused_connections_total', 'that the agent has turned away', services.flatMap(refusals)),
    counter(
      'received_bytes_total',
      'Bytes from clients',
      each(({ receivedBytes }) => receivedBytes),
    ),
    counter(
      'sent_bytes_total',
      'Bytes to clients',
      each(({ sentBytes }) => sentBytes),
    ),
    counter('endpoint_connections_total', 'by endpoint, relayed by the agent or forwarded by the kernel', [
      ...services.flatMap(([key, { endpoints }]) =>
        endpoints.map(({ total, ...where }) =>
          endpointSample({ ...where, service: key, count: total }, 'agent'),
        ),
      ),
      ...byKernel.map((connections) => endpointSample(connections, 'kernel')),
    ]),
  ];
}

const REASONS = { overLimit: 'limit', forbidden: 'source', failed: 'no_endpoint' } as const;

function refusals([key, figures]: [string, ServiceCounters]): MetricSample[] {
  return (['overLimit', 'forbidden', 'failed'] as const).map((name) => ({
    labels: { ...labelsOf(key), reason: REASONS[name] },
    value: figures[name],
  }));
}

function endpointSample(
  { service, protocol, port, endpoint, count }: EndpointConnections,
  by: 'agent' | 'kernel',
): MetricSample {
  return { labels: { ...labelsOf(service), protocol, port, endpoint, by }, value: count };
}

function labelsOf(key: string): { namespace: string; service: string } {
  const [namespace = '', service = ''] = key.split('/');
  return { namespace, service };
}

type Named = (name: string, what: string, samples: readonly MetricSample[]) => Metric;

const metric =
  (type: 'counter' | 'gauge'): Named =>
  (name, what, samples) => ({
    name: `edge_service_${name}`,
    help: what.startsWith('Bytes') ? `${what} of Services` : `Connections and UDP flows of Services ${what}`,
    type,
    samples,
  });
const counter = metric('counter');
const gauge = metric('gauge');
