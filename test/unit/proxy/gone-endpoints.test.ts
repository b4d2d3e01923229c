import t from 'tap';
import { goneEndpoints } from '../../../src/proxy/listener.ts';
import { serviceView } from '../../../src/proxy/service-view.ts';

const [a, b, c] = ['10.40.0.2', '10.40.0.3', '10.40.0.4'].map((ip) => ({ ip, port: 80 })) as [
  { ip: string; port: number },
  { ip: string; port: number },
  { ip: string; port: number },
];

t.test('an endpoint is gone when it was on its way out and is in no list any more', async (t) => {
  t.same(goneEndpoints([a, b], { endpoints: [c], terminating: [b] }), [a]);
});

t.test('an address that came back with a new pod is not gone', async (t) => {
  t.same(goneEndpoints([a], { endpoints: [a], terminating: [] }), []);
});

t.test('an endpoint that is not ready, or that its Service no longer selects, is not gone', async (t) => {
  t.same(goneEndpoints([], { endpoints: [], terminating: [] }), []);
});

t.test('a pod on its way out takes no new connection and is known as such', async (t) => {
  const [port] = serviceView({
    key: 'default/web',
    uid: '1',
    spec: { clusterIP: '10.48.0.5', ports: [{ port: 80 }] },
    slices: [
      {
        addressType: 'IPv4',
        ports: [{ port: 8080 }],
        endpoints: [
          { addresses: [a.ip], conditions: { ready: true } },
          { addresses: [b.ip], conditions: { ready: false, serving: true, terminating: true } },
        ],
      },
    ],
  }).ports;
  t.same(port?.endpoints, [{ ip: a.ip, port: 8080 }]);
  t.same(port?.terminating, [{ ip: b.ip, port: 8080 }]);
});
