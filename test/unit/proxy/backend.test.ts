// Whose turn it is: affinity, least connections, policies, and what ends when an endpoint goes.
import t from 'tap';
import { AffinityTable } from '../../../src/proxy/affinity-table.ts';
import { Backend } from '../../../src/proxy/backend.ts';
import type { PortEndpoints } from '../../../src/proxy/endpoint-choice.ts';
import type { BackendPlan } from '../../../src/proxy/forwarder-plan.ts';
import { ServiceLoad } from '../../../src/proxy/service-load.ts';
import { endpointsOf } from '../../support/proxied-services.ts';

const [a, b, c] = ['a', 'b', 'c'].map((ip) => ({ ip, port: 80 })) as [Endpoint, Endpoint, Endpoint];
type Endpoint = { ip: string; port: number };
const plan = (endpoints: PortEndpoints, more: Partial<BackendPlan> = {}): BackendPlan => ({
  id: 'web',
  subject: { kind: 'Service', key: 'default/web', uid: 'u' },
  protocol: 'tcp',
  port: 80,
  family: 'IPv4',
  endpoints,
  options: { balance: 'round-robin' },
  ...more,
});
function backendOf(first: BackendPlan): Backend {
  const backend = new Backend(new ServiceLoad());
  backend.replace(first);
  return backend;
}
const target = (backend: Backend, { ip }: Endpoint) => {
  const found = backend.candidates('', 'Cluster', 0).find((other) => other.ip === ip);
  if (!found) throw new Error(`${ip} is no endpoint`);
  return found;
};
const first = (backend: Backend, client = 'x', nowMs = 0) =>
  backend.candidates(client, 'Cluster', nowMs)[0]?.ip;

t.test('a client keeps its endpoint until its time is over, others take turns', async (t) => {
  const backend = backendOf(plan(endpointsOf([a, b]), { affinityMs: 1000 }));
  backend.joined('x', target(backend, b), 0);
  t.equal(first(backend, 'x', 900), 'b');
  t.equal(first(backend, 'x', 999), 'b', 'asking alone does not prolong it');
  backend.joined('x', target(backend, b), 999);
  t.equal(first(backend, 'x', 1900), 'b', 'a connection does');
  t.equal(backend.candidates('x', 'Cluster', 1900).length, 2, 'the other is tried when it refuses');
  backend.replace(plan(endpointsOf([a, c]), { affinityMs: 1000 }));
  t.not(first(backend, 'x', 1900), 'b', 'an endpoint that takes nobody is not kept');
});

t.test('connections of one client that come at once get the same endpoint', async (t) => {
  const backend = backendOf(plan(endpointsOf([a, b, c]), { affinityMs: 1000 }));
  const chosen = first(backend);
  t.equal(first(backend), chosen, 'the first is still on its way');
  const left = [a, b, c].filter(({ ip }) => ip !== chosen);
  backend.replace(plan(endpointsOf(left), { affinityMs: 1000 }));
  t.equal(first(backend), first(backend), 'and again when it has left');
});

t.test(
  'a client that nobody remembers gets the same endpoint each time, clients get all of them',
  async (t) => {
    const fresh = () => backendOf(plan(endpointsOf([a, b, c]), { affinityMs: 1000 }));
    const clients = Array.from({ length: 300 }, (_, i) => `192.168.${i >> 8}.${i & 255}`);
    const given = (backend: Backend) => clients.map((client) => first(backend, client));
    const before = given(fresh());
    t.same(given(fresh()), before, 'as after a restart');
    for (const { ip } of [a, b, c]) {
      const share = before.filter((other) => other === ip).length;
      t.ok(share > 60 && share < 140, `${ip} has ${share} of 300`);
    }
    const backend = fresh();
    const once = first(backend, 'x', 0);
    const later = [1, 2, 3].map((i) => first(backend, 'x', i * 2000));
    t.ok(
      later.some((ip) => ip !== once),
      'whose time is over takes its turn',
    );
  },
);

t.test('local endpoints that are going take traffic where no other local one does', async (t) => {
  const backend = backendOf(plan(endpointsOf([a], [b])));
  t.ok(backend.isTaking('a:80'));
  t.ok(backend.isTaking('b:80'), 'a client of policy Local keeps it');
  t.notOk(backend.isTaking('c:80'));
});

t.test('what is remembered of clients is bounded, the oldest goes first', async (t) => {
  const table = new AffinityTable();
  for (let i = 0; i < 5000; i++) table.keep(`client ${i}`, 'a:80', i);
  t.equal(table.size, 4096);
  t.equal(table.find('client 0', 1e6, 5000), undefined);
  t.equal(table.find('client 4999', 1e6, 5000), 'a:80');
});

t.test('the endpoint with the fewest connections comes first, equals in turn', async (t) => {
  const backend = backendOf(plan(endpointsOf([a, b, c]), { options: { balance: 'least-connections' } }));
  for (const endpoint of [a, a, b]) backend.joined('x', target(backend, endpoint), 0);
  t.equal(first(backend), 'c');
  backend.joined('x', target(backend, c), 0);
  backend.joined('x', target(backend, c), 0);
  t.equal(first(backend), 'b');
  backend.parted(target(backend, a));
  backend.parted(target(backend, a));
  t.equal(first(backend), 'a');
});

t.test('an endpoint that takes no more keeps its numbers while connections of it live', async (t) => {
  const backend = backendOf(plan(endpointsOf([a, b])));
  const kept = target(backend, a);
  backend.joined('x', kept, 0);
  backend.replace(plan(endpointsOf([b])));
  t.same(backend.counts, [
    { protocol: 'tcp', port: 80, endpoint: 'a:80', total: 1 },
    { protocol: 'tcp', port: 80, endpoint: 'b:80', total: 0 },
  ]);
  backend.replace(plan(endpointsOf([a, b])));
  t.equal(target(backend, a), kept, 'it comes back as the same');
  backend.parted(kept);
  backend.replace(plan(endpointsOf([b])));
  t.same(
    backend.counts.map(({ endpoint }) => endpoint),
    ['b:80'],
  );
});

t.test('policy Local offers those of this board only', async (t) => {
  const backend = backendOf(plan(endpointsOf([a, b], [b])));
  t.match(backend.candidates('x', 'Local', 0), [b]);
  backend.replace(plan(endpointsOf([a])));
  t.same(backend.candidates('x', 'Local', 0), []);
  t.notOk(backend.takesTraffic('Local'));
  t.ok(backend.takesTraffic('Cluster'));
});

t.test('an endpoint is gone when it was going and has left; one that was deselected lives on', async (t) => {
  const backend = backendOf(plan(endpointsOf([a, b])));
  t.same(backend.replace(plan(endpointsOf([a], [], { present: ['a:80', 'b:80'] }))), [], 'not ready');
  t.same(backend.replace(plan(endpointsOf([a]))), [], 'left without going');
  backend.replace(plan(endpointsOf([b], [], { present: ['a:80', 'b:80'], terminating: ['a:80'] })));
  t.same(backend.replace(plan(endpointsOf([b]))), ['a:80']);
});

t.test('at its limit a Service takes no more, and counts whom it turned away', async (t) => {
  const load = new ServiceLoad();
  load.limit(2);
  t.same([load.enter(), load.enter(), load.enter()], [true, true, false]);
  load.leave(10, 20);
  t.ok(load.enter());
  t.match(load.counters, { active: 2, accepted: 3, overLimit: 1, receivedBytes: 10, sentBytes: 20 });
});

t.test('an endpoint of this board that is meant for others takes those who may have only such', async (t) => {
  const backend = backendOf(plan(endpointsOf([b], [a], { present: ['a:80', 'b:80'] })));
  t.ok(backend.isTaking('a:80'));
  t.same(
    backend.candidates('x', 'Local', 0).map(({ ip }) => ip),
    ['a'],
  );
  t.same(
    backend.candidates('x', 'Cluster', 0).map(({ ip }) => ip),
    ['b'],
  );
});
