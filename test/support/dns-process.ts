// The cluster's DNS in a process of its own. Started with fork() by the bench.
// argv: PORT UPSTREAM_PORT SERVICES: names svc-0 to svc-N in `default`. Sends 'ready'.
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { ClusterDns } from '../../src/dns/cluster-dns.ts';
import { byKey, web } from './dns-services.ts';

const [port = 0, upstreamPort = 0, count = 0] = process.argv.slice(2).map(Number);
const dns = new ClusterDns({
  host: '127.0.0.1',
  port,
  domain: 'cluster.local',
  ownsAddress: (ip) => ip.startsWith('10.4'),
  onListening: () => process.send?.('ready'),
  upstreams: async () => [{ address: '127.0.0.1', port: upstreamPort }],
  clock: systemClock,
  logger: silentLogger,
});
const services = Array.from({ length: count }, (_, i) => {
  const clusterIP = `10.48.1.${i}`;
  return { ...web, key: `default/svc-${i}`, spec: { ...web.spec, clusterIP, clusterIPs: [clusterIP] } };
});
dns.update(byKey(...services));
await dns.start();
process.on('disconnect', () => process.exit());
