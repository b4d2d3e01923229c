import t from 'tap';
import { planForwarders } from '../../../src/proxy/forwarder-plan.ts';
import { RoundRobin } from '../../../src/proxy/round-robin.ts';
import type { ServicePort } from '../../../src/proxy/service-view.ts';

const http: ServicePort = { name: 'http', protocol: 'TCP', port: 80, endpoints: [] };

t.test('a NodePort Service listens on every address and behind its ClusterIP', async (t) => {
  const service = { key: 'a/web', clusterIP: '10.48.0.5', ports: [{ ...http, nodePort: 30080 }] };
  const { forwarders } = planForwarders([service], '169.254.48.1');
  t.match(forwarders.get('node 30080'), { host: '0.0.0.0', port: 30080, virtual: undefined });
  t.match(forwarders.get('cluster 10.48.0.5:80'), { host: '169.254.48.1', port: 0 });
});

t.test('a headless Service listens nowhere', async (t) => {
  const { forwarders } = planForwarders([{ key: 'a/db', clusterIP: '', ports: [http] }], '127.0.0.1');
  t.equal(forwarders.size, 0);
});

t.test('a UDP port is refused with a reason, its TCP neighbour works', async (t) => {
  const ports: ServicePort[] = [http, { ...http, protocol: 'UDP' }];
  const plan = planForwarders([{ key: 'a/x', clusterIP: '10.48.0.6', ports }], '127.0.0.1');
  t.equal(plan.forwarders.size, 1);
  t.match(plan.refusals, [{ serviceKey: 'a/x', reason: 'UnsupportedProtocol' }]);
});

t.test('endpoints take turns, also when one leaves', async (t) => {
  const [a, b, c] = ['10.40.0.2', '10.40.0.3', '10.40.0.4'].map((ip) => ({ ip, port: 80 }));
  if (!a || !b || !c) throw new Error('three endpoints');
  const ring = new RoundRobin();
  t.same(ring.turn(), []);
  ring.replace([a, b, c]);
  t.same(ring.turn(), [a, b, c]);
  t.same(ring.turn(), [b, c, a]);
  ring.replace([a, b]);
  t.same([ring.turn()[0], ring.turn()[0], ring.turn()[0]], [a, b, a]);
});
