import t from 'tap';
import type { BackendPlan } from '../../../src/proxy/forwarder-plan.ts';
import { GoneEndpoints } from '../../../src/proxy/gone-endpoints.ts';
import { endpointsOf } from '../../support/proxied-services.ts';

const backend = (...ips: string[]): BackendPlan => ({
  id: 'default/web tcp 80',
  subject: { kind: 'Service', key: 'default/web', uid: 'u' },
  protocol: 'tcp',
  port: 80,
  family: 'IPv4',
  endpoints: endpointsOf(ips.map((ip) => ({ ip, port: 80 }))),
  options: { balance: 'round-robin' },
});

t.test('what is gone stays so until it is there again', async (t) => {
  const gone = new GoneEndpoints();
  gone.add(['10.40.0.5:80', '10.40.2.5:80']);
  t.same(gone.current([backend()]), [
    { ip: '10.40.0.5', port: 80 },
    { ip: '10.40.2.5', port: 80 },
  ]);
  t.same(gone.current([backend('10.40.0.5')]), [{ ip: '10.40.2.5', port: 80 }]);
  t.same(gone.current([backend()]), [{ ip: '10.40.2.5', port: 80 }], 'once there, it is forgotten');
});

t.test('those of IPv6 are told by their address and port as well', async (t) => {
  const gone = new GoneEndpoints();
  gone.add(['[fd00:10:40::5]:80', '[fd00:10:40:1::5]:80']);
  t.same(gone.current([backend('fd00:10:40::5')]), [{ ip: 'fd00:10:40:1::5', port: 80 }]);
});

t.test('the longest gone is forgotten first, so that they do not add up', async (t) => {
  const gone = new GoneEndpoints();
  gone.add(Array.from({ length: 600 }, (_, i) => `10.40.0.5:${i + 1}`));
  const current = gone.current([]);
  t.equal(current.length, 512);
  t.match(current.at(-1), { port: 600 });
});
