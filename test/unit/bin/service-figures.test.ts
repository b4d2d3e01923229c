import t from 'tap';
import { prometheusText } from '../../../src/base/metrics/prometheus-text.ts';
import { serviceMetrics } from '../../../src/bin/agent/service-figures.ts';
import { kernelConnections } from '../../../src/network/kernel-connections.ts';
import type { ServiceFigures } from '../../../src/proxy/service-load.ts';

const figures: ServiceFigures = {
  active: 2,
  accepted: 7,
  overLimit: 1,
  forbidden: 0,
  failed: 3,
  receivedBytes: 100,
  sentBytes: 2000,
  endpoints: [{ protocol: 'tcp', port: 80, endpoint: '10.40.0.5:8080', total: 7 }],
};

t.test('a Service is shown with what the agent relays and what the kernel forwards', async (t) => {
  const kernel = { service: 'default/web', protocol: 'udp', port: 53, endpoint: '10.40.0.6:5353', count: 9 };
  const text = await prometheusText([() => serviceMetrics(new Map([['default/web', figures]]), [kernel])]);
  const web = 'namespace="default",service="web"';
  for (const line of [
    `edge_service_active_connections{${web}} 2`,
    `edge_service_connections_total{${web}} 7`,
    `edge_service_refused_connections_total{${web},reason="limit"} 1`,
    `edge_service_refused_connections_total{${web},reason="no_endpoint"} 3`,
    `edge_service_sent_bytes_total{${web}} 2000`,
    `edge_service_endpoint_connections_total{${web},protocol="tcp",port="80",endpoint="10.40.0.5:8080",by="agent"} 7`,
    `edge_service_endpoint_connections_total{${web},protocol="udp",port="53",endpoint="10.40.0.6:5353",by="kernel"} 9`,
  ])
    t.ok(text.split('\n').includes(line), line);
});

t.test("counters of other tables and of host ports are not the Services'", async (t) => {
  const counter = (name: string, table = 'edge_services', family = 'ip') => ({
    counter: { family, table, name, packets: 4 },
  });
  const nftables = [
    { metainfo: {} },
    counter('ep/default/web/tcp/80/10.40.0.5/8080'),
    counter('ep/default/web/tcp/80/10.40.0.5/8080', 'mine'),
    counter('ep/default/web/tcp/80/fd00.10.40..5/8080', 'edge_services', 'ip6'),
    counter('ep/hostport/u1/0.0.0.0/tcp/8888/10.40.0.5/80'),
  ];
  t.same(await kernelConnections({ run: async () => JSON.stringify({ nftables }) }), [
    { service: 'default/web', protocol: 'tcp', port: 80, endpoint: '10.40.0.5:8080', count: 4 },
    { service: 'default/web', protocol: 'tcp', port: 80, endpoint: '[fd00:10:40::5]:8080', count: 4 },
  ]);
});
