// Addresses and node ports over the life of Services, on the real registry.
import t, { type Test } from 'tap';
import { services } from '../../../../src/api/kinds/service.ts';
import type { Service } from '../../../../src/api/objects.ts';
import { defaultClusterNetwork } from '../../../../src/base/cluster-network.ts';
import type { Client, NewObject } from '../../../../src/client/client.ts';
import { memoryCluster } from '../../../support/memory-cluster.ts';

const service = (name: string, spec: object = {}): NewObject<Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80 }], ...spec },
});

function test(name: string, body: (t: Test, client: Client) => Promise<void>, serviceRange?: string) {
  t.test(name, async (t) => {
    const nodePorts = serviceRange ? { first: 30000, last: 30001 } : defaultClusterNetwork.nodePorts;
    const network = { ...defaultClusterNetwork, nodePorts, ...(serviceRange ? { serviceRange } : {}) };
    const cluster = await memoryCluster(network);
    t.teardown(() => cluster.stop());
    await body(t, cluster.client);
  });
}
const nodePort = (made: Service) => made.spec.ports?.[0]?.nodePort;

test('each Service gets an address of its own; one made again gets another', async (t, client) => {
  const a = await client.create(services, service('a'));
  const b = await client.create(services, service('b'));
  t.match(a.spec, { clusterIP: /^10\.48\./, clusterIPs: [a.spec.clusterIP], ipFamilies: ['IPv4'] });
  t.not(a.spec.clusterIP, b.spec.clusterIP);
  await client.delete(services as never, 'default/a');
  const again = await client.create(services, service('a'));
  t.not(again.spec.clusterIP, a.spec.clusterIP);
});

test('a chosen address must lie in the range and be free', async (t, client) => {
  await client.create(services, service('a', { clusterIP: '10.48.0.77' }));
  const taken = client.create(services, service('b', { clusterIP: '10.48.0.77' }));
  await t.rejects(taken, { reason: 'Invalid', message: /already allocated/ });
  const outside = client.create(services, service('b', { clusterIP: '192.0.2.1' }));
  await t.rejects(outside, {
    reason: 'Invalid',
    message: /\(192\.0\.2\.1\) is not in the valid range\. The range of valid IPs is 10\.48\.0\.0\/16/,
  });
  await client.delete(services as never, 'default/a');
  t.ok(await client.create(services, service('b', { clusterIP: '10.48.0.77' })));
});

test('what a type cannot have is refused where somebody asks for it, and left behind where not', async (t, client) => {
  const ports = [{ port: 80, nodePort: 30300 }];
  const refused = (name: string, spec: object) => t.rejects(client.create(services, service(name, spec)));
  await refused('a', { ports });
  await refused('a', { type: 'ExternalName', externalName: 'x.org', clusterIP: '10.48.0.9' });
  const low = service('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] });
  const message = /provided port is not in the valid range. The range of valid ports is 30000-32767/;
  await t.rejects(client.create(services, low), { message });
  const made = await client.create(services, service('a', { type: 'NodePort', ports }));
  const other = {
    ...made,
    spec: { ...made.spec, type: 'ClusterIP', ports: [{ port: 80, nodePort: 30301 }] },
  };
  await t.rejects(client.update(services, other), { message: /may not be used when `type` is 'ClusterIP'/ });
  const plain = await client.update(services, { ...made, spec: { ...made.spec, type: 'ClusterIP' } });
  t.equal(nodePort(plain), undefined);
  const spec = { ...plain.spec, type: 'ExternalName', externalName: 'x.org' };
  const external = await client.update(services, { ...plain, spec });
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
    t.equal(external.spec[field], undefined, field);
});

test('headless Services and external names hold no address', async (t, client) => {
  const headless = await client.create(services, service('a', { clusterIP: 'None' }));
  t.same(headless.spec.clusterIPs, ['None']);
  const external = await client.create(
    services,
    service('b', { type: 'ExternalName', externalName: 'x.org' }),
  );
  t.equal(external.spec.clusterIP, undefined);
});

test('node ports are given, kept over updates that leave them out, and given up with the type', async (t, client) => {
  const made = await client.create(services, service('a', { type: 'NodePort' }));
  const port = nodePort(made);
  t.ok(port && port >= 30000 && port <= 32767);
  const { resourceVersion: _, ...metadata } = made.metadata;
  const bare = { ...made, metadata, spec: { type: 'NodePort', ports: [{ port: 80 }] } } as Service;
  const updated = await client.update(services, bare);
  t.equal(nodePort(updated), port);
  t.equal(updated.spec.clusterIP, made.spec.clusterIP);
  const plain = await client.update(services, {
    ...bare,
    spec: { type: 'ClusterIP', ports: [{ port: 80 }] },
  });
  t.equal(nodePort(plain), undefined);
  const other = service('b', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] });
  t.equal(nodePort(await client.create(services, other)), port, 'another may have it then');
});

test('a port keeps its node port by its name, whatever else of it changes', async (t, client) => {
  const made = await client.create(services, service('a', { type: 'NodePort' }));
  const put = async (ports: object[]) => {
    const { resourceVersion: _, ...metadata } = made.metadata;
    const next = { ...made, metadata, spec: { type: 'NodePort', ports } } as Service;
    return (await client.update(services, next)).spec.ports?.map((p) => p.nodePort);
  };
  const [first] = (await put([{ port: 8080, targetPort: 'web' }])) ?? [];
  t.equal(first, nodePort(made), 'another number');
  const [x, y] = (await put([
    { name: 'x', port: 80, nodePort: 30100 },
    { name: 'y', port: 81, nodePort: 30101 },
  ])) as number[];
  t.same([x, y], [30100, 30101]);
  const swapped = [
    { name: 'x', port: 81 },
    { name: 'y', port: 80 },
  ];
  t.same(await put(swapped), [30100, 30101]);
  const [given, taken] = (await put([
    { name: 'x', port: 81 },
    { name: 'y', port: 80, nodePort: 30100 },
  ])) as number[];
  t.equal(taken, 30100, 'whoever asks for it has it');
  t.ok(given && given !== 30100, 'and the other one gets another');
});

test('a node port that is taken or out of range is refused, and takes nothing with it', async (t, client) => {
  const ports = (value: number) => ({ type: 'NodePort', ports: [{ port: 80, nodePort: value }] });
  await client.create(services, service('a', ports(30080)));
  await t.rejects(client.create(services, service('b', ports(30080))), {
    reason: 'Invalid',
    code: 422,
    details: { causes: [{ field: 'spec.ports[0].nodePort' }] },
  });
  await t.rejects(client.create(services, service('b', ports(80))), { reason: 'Invalid', code: 422 });
  const both = {
    type: 'NodePort',
    clusterIP: '10.48.0.9',
    ports: [
      { name: 'x', port: 1, nodePort: 30081 },
      { name: 'y', port: 2, nodePort: 30080 },
    ],
  };
  await t.rejects(client.create(services, service('b', both)), { reason: 'Invalid', code: 422 });
  const free = { ...ports(30081), clusterIP: '10.48.0.9' };
  t.ok(await client.create(services, service('c', free)), 'what the refused one had taken is free again');
});

test('TCP and UDP of one port share a node port', async (t, client) => {
  const ports = [
    { name: 'tcp', port: 53, protocol: 'TCP' },
    { name: 'udp', port: 53, protocol: 'UDP' },
  ];
  const made = await client.create(services, service('dns', { type: 'NodePort', ports }));
  const [tcp, udp] = made.spec.ports ?? [];
  t.ok(tcp?.nodePort);
  t.equal(tcp?.nodePort, udp?.nodePort);
});

test('to ExternalName and back: the address is given up and a new one taken', async (t, client) => {
  const made = await client.create(services, service('a'));
  const patch = (spec: object) => client.patch(services, 'default/a', { type: 'merge', body: { spec } });
  const external = await patch({ type: 'ExternalName', externalName: 'x.org' });
  t.equal(external.spec.clusterIP, undefined);
  t.ok(await client.create(services, service('b', { clusterIP: made.spec.clusterIP })), 'it is free');
  const back = await patch({ type: 'ClusterIP' });
  t.equal(back.spec.externalName, undefined, 'the name that only the former type has is left behind');
  t.match(back.spec.clusterIP, /^10\.48\./);
  t.not(back.spec.clusterIP, made.spec.clusterIP);
});

test(
  'a full range is told as such',
  async (t, client) => {
    for (const name of ['a', 'b']) await client.create(services, service(name, { type: 'NodePort' }));
    const third = client.create(services, service('c', { type: 'NodePort' }));
    await t.rejects(third, { reason: 'Invalid', message: /range is full/ });
    for (const name of ['d', 'e', 'f', 'g']) await client.create(services, service(name));
    await t.rejects(client.create(services, service('h')), { reason: 'Invalid', message: /range is full/ });
  },
  '10.48.0.0/29',
);

const balancer = (spec: object = {}) => ({ type: 'LoadBalancer', ...spec });
const local = balancer({ externalTrafficPolicy: 'Local' });

test('a load balancer may do without node ports, and keeps those that it names', async (t, client) => {
  const without = { allocateLoadBalancerNodePorts: false };
  t.equal(nodePort(await client.create(services, service('a', balancer(without)))), undefined);
  const ports = [
    { name: 'a', port: 80, nodePort: 30080 },
    { name: 'b', port: 81 },
  ];
  const named = await client.create(services, service('b', balancer({ ...without, ports })));
  t.same(
    named.spec.ports?.map((port) => port.nodePort),
    [30080, undefined],
  );
  const given = await client.create(services, service('c', balancer()));
  t.ok(nodePort(given));
  t.equal(given.spec.allocateLoadBalancerNodePorts, true);
});

test('with policy Local a load balancer has a health check port, for as long as it is both', async (t, client) => {
  const made = await client.create(services, service('a', local));
  const port = made.spec.healthCheckNodePort ?? 0;
  t.ok(port >= 30000 && port !== nodePort(made));
  const patch = (spec: object) => client.patch(services, 'default/a', { type: 'merge', body: { spec } });
  t.equal((await patch({ sessionAffinity: 'ClientIP' })).spec.healthCheckNodePort, port);
  await t.rejects(patch({ healthCheckNodePort: port + 1 }), { code: 422, message: /field is immutable/ });
  const taken = service('b', { ...local, healthCheckNodePort: port });
  await t.rejects(client.create(services, taken), { code: 422, message: /already allocated/ });
  t.equal((await patch({ externalTrafficPolicy: 'Cluster' })).spec.healthCheckNodePort, undefined);
  t.equal((await client.create(services, taken)).spec.healthCheckNodePort, port, 'it is free then');
});

test('a load balancer that becomes a plain Service leaves its fields behind', async (t, client) => {
  const spec = { ...local, loadBalancerClass: 'example.com/lb', loadBalancerSourceRanges: ['10.0.0.0/8'] };
  await client.create(services, service('a', spec));
  const body = { spec: { type: 'ClusterIP' } };
  const plain = await client.patch(services, 'default/a', { type: 'merge', body });
  for (const field of [
    'loadBalancerClass',
    'loadBalancerSourceRanges',
    'allocateLoadBalancerNodePorts',
    'healthCheckNodePort',
    'externalTrafficPolicy',
  ] as const) {
    t.equal(plain.spec[field], undefined, field);
  }
});

test('what only load balancers may say is refused elsewhere', async (t, client) => {
  const refused = (spec: object, message: RegExp) =>
    t.rejects(client.create(services, service('a', spec)), { code: 422, message });
  const only = /may only be used when `type` is 'LoadBalancer'/;
  await refused({ allocateLoadBalancerNodePorts: true }, only);
  await refused({ loadBalancerClass: 'example.com/lb' }, only);
  await refused({ loadBalancerSourceRanges: ['10.0.0.0/8'] }, only);
  await refused({ healthCheckNodePort: 30090 }, /`externalTrafficPolicy` is 'Local'/);
  await refused(balancer({ loadBalancerSourceRanges: ['10.0.0.0/40'] }), /must be a valid CIDR/);
});

test('the cluster has IPv4: asking for both, or for IPv6, is refused where it cannot be had', async (t, client) => {
  const make = (name: string, spec: object) => client.create(services, service(name, spec));
  t.match((await make('a', { ipFamilyPolicy: 'PreferDualStack' })).spec, { ipFamilies: ['IPv4'] });
  await t.rejects(make('b', { ipFamilyPolicy: 'RequireDualStack' }), {
    code: 422,
    message: /not configured for dual-stack/,
  });
  await t.rejects(make('b', { ipFamilies: ['IPv6'] }), { message: /not configured on this cluster/ });
  await t.rejects(make('b', { ipFamilyPolicy: 'Both' }), { message: /Unsupported value/ });
  t.match((await make('c', { clusterIP: 'None' })).spec, { ipFamilyPolicy: 'RequireDualStack' });
  const chosen = await make('d', { clusterIP: 'None', selector: { a: 'b' } });
  t.match(chosen.spec, { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] });
});

test('node ports are given from beyond the band that is kept for those chosen by hand', async (t, client) => {
  const ports: number[] = [];
  for (let i = 0; i < 40; i++) {
    ports.push(nodePort(await client.create(services, service(`s${i}`, { type: 'NodePort' }))) ?? 0);
  }
  t.same(
    ports.filter((port) => port < 30086),
    [],
    'the band is 30000-30085',
  );
});

test('the status of a load balancer holds addresses and names, each in its place', async (t, client) => {
  await client.create(services, service('a', balancer({ loadBalancerClass: 'example.com/lb' })));
  await client.create(services, service('b'));
  const write = async (name: string, ingress: object[]) => {
    const current = await client.get(services, `default/${name}`);
    return client.updateStatus(services, { ...current, status: { loadBalancer: { ingress } } } as Service);
  };
  const written = await write('a', [{ ip: '192.0.2.7' }, { hostname: 'lb.example.com' }]);
  t.same(written.status?.loadBalancer?.ingress, [
    { ip: '192.0.2.7', ipMode: 'VIP' },
    { hostname: 'lb.example.com' },
  ]);
  const refused: [ingress: object, message: RegExp][] = [
    [{ ip: 'foo' }, /ingress\[0\]\.ip: Invalid value: "foo": must be a valid IP address/],
    [{ ip: '192.0.2.7', ipMode: 'Some' }, /ipMode: Unsupported value: "Some"/],
    [{ hostname: 'x', ipMode: 'VIP' }, /may not be specified when `ip` is not set/],
    [{ hostname: '192.0.2.7' }, /must be a DNS name, not an IP address/],
    [{ hostname: 'X_Y' }, /ingress\[0\]\.hostname: Invalid value/],
  ];
  for (const [ingress, message] of refused) await t.rejects(write('a', [ingress]), { code: 422, message });
  await t.rejects(write('b', [{ ip: '192.0.2.7' }]), {
    message: /may only be used when `spec.type` is 'LoadBalancer'/,
  });
  t.ok(await write('b', []));
});
