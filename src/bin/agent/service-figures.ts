// What a board carries of each Service, for Prometheus: the proxy's own numbers and, where the kernel forwards, those
// of its rules, read when somebody asks.
// https://prometheus.io/docs/practices/naming/
import type { Metric, MetricSample } from '../../base/metrics/metric.ts';
import type { EndpointConnections } from '../../network/kernel-connections.ts';
import type { ServiceCounters, ServiceFigures } from '../../proxy/service-load.ts';

const FLOWS = 'Connections and UDP flows of Services';

export function serviceMetrics(
  bySockets: ReadonlyMap<string, ServiceFigures>,
  byKernel: readonly EndpointConnections[],
): Metric[] {
  const services = [...bySockets];
  const each = (field: keyof ServiceCounters): MetricSample[] =>
    services.map(([key, figures]) => ({ labels: labelsOf(key), value: figures[field] }));
  const byEndpoint = [
    ...services.flatMap(relayed),
    ...byKernel.map((connections) => endpointSample(connections, 'kernel')),
  ];
  const where = 'by endpoint, relayed by the agent or forwarded by the kernel';
  return [
    metric('gauge', 'active_connections', `${FLOWS} that the agent relays now`, each('active')),
    metric('counter', 'connections_total', `${FLOWS} that the agent has taken`, each('accepted')),
    metric(
      'counter',
      'refused_connections_total',
      `${FLOWS} that the agent has turned away`,
      services.flatMap(refusals),
    ),
    metric('counter', 'received_bytes_total', 'Bytes from clients of Services', each('receivedBytes')),
    metric('counter', 'sent_bytes_total', 'Bytes to clients of Services', each('sentBytes')),
    metric('counter', 'endpoint_connections_total', `${FLOWS} ${where}`, byEndpoint),
  ];
}

function metric(type: Metric['type'], name: string, help: string, samples: readonly MetricSample[]): Metric {
  return { name: `edge_service_${name}`, help, type, samples };
}

const REASONS = [
  ['overLimit', 'limit'],
  ['forbidden', 'source'],
  ['failed', 'no_endpoint'],
] as const;

function refusals([key, figures]: [string, ServiceCounters]): MetricSample[] {
  return REASONS.map(([field, reason]) => ({ labels: { ...labelsOf(key), reason }, value: figures[field] }));
}

function relayed([service, { endpoints }]: [string, ServiceFigures]): MetricSample[] {
  return endpoints.map(({ total, ...where }) => endpointSample({ ...where, service, count: total }, 'agent'));
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
