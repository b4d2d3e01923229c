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
  await t.rejects(outside, { reason: 'Invalid', message: /not in the valid range/ });
  await client.delete(services as never, 'default/a');
  t.ok(await client.create(services, service('b', { clusterIP: '10.48.0.77' })));
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
  const back = await patch({ type: 'ClusterIP', externalName: null });
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
