import t, { type Test } from 'tap';
import { nodes } from '../../../src/api/kinds/node.ts';
import { services } from '../../../src/api/kinds/service.ts';
import type { EndpointSlice, Node, Service } from '../../../src/api/objects.ts';
import { LoadBalancerController } from '../../../src/controllers/load-balancer.ts';
import { planLoadBalancer } from '../../../src/controllers/load-balancer-plan.ts';
import { addNode, memoryCluster, setNodeReady } from '../../support/memory-cluster.ts';
import { settles } from '../../support/settles.ts';

const board = (name: string, address: string, ready = 'True', labels = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '', labels },
  spec: {},
  status: {
    addresses: [{ type: 'InternalIP', address }],
    conditions: [{ type: 'Ready', status: ready }],
  },
});
const balancer = (name: string, created: string, spec: Service['spec'] = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: created },
  spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
});
const boards = [board('b', '10.0.0.2'), board('a', '10.0.0.1'), board('c', '10.0.0.3', 'False')];

t.test('it is reached by the boards that are ready and not excluded, in order', async (t) => {
  const web = balancer('web', '1');
  t.same(planLoadBalancer(web, [web], boards, []).addresses, ['10.0.0.1', '10.0.0.2']);
  const excluded = board('d', '10.0.0.4', 'True', {
    'node.kubernetes.io/exclude-from-external-load-balancers': '',
  });
  t.same(planLoadBalancer(web, [web], [...boards, excluded], []).addresses, ['10.0.0.1', '10.0.0.2']);
});

t.test('with policy Local only by boards that have an endpoint', async (t) => {
  const web = balancer('web', '1', { externalTrafficPolicy: 'Local' });
  const endpoints = [
    { addresses: ['10.40.0.2'], nodeName: 'b' },
    { addresses: ['10.40.2.2'], nodeName: 'a', conditions: { ready: false } },
  ];
  const slice = (ports: object[]) =>
    ({ addressType: 'IPv4', endpoints, ports, metadata: { name: 's' } }) as unknown as EndpointSlice;
  t.same(planLoadBalancer(web, [web], boards, [slice([{ port: 80 }])]).addresses, ['10.0.0.2']);
  t.same(planLoadBalancer(web, [web], boards, [slice([])]).addresses, [], 'nor by one without the port');
});

t.test('of two with the same port and protocol the older has it; another protocol is no clash', async (t) => {
  const [old, young] = [balancer('z', '1'), balancer('a', '2')];
  const udp = balancer('u', '3', { ports: [{ port: 80, protocol: 'UDP' }] });
  const all = [young, udp, old];
  t.equal(planLoadBalancer(old, all, boards, []).conflict, undefined);
  t.same(planLoadBalancer(young, all, boards, []), {
    addresses: [],
    conflict: 'port 80/TCP of the boards belongs to Service default/z',
  });
  t.equal(planLoadBalancer(udp, all, boards, []).conflict, undefined);
});

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  await cluster.run(new LoadBalancerController(cluster.options));
  const make = (name: string, spec: Service['spec'] = {}) =>
    client.create<Service>(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
    });
  const get = (name: string) => client.get(services, `default/${name}`);
  const addresses = async (name: string) =>
    ((await get(name)).status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip).join();
  const addBoard = async (name: string, address: string) => {
    await addNode(client, name);
    const body = { status: { addresses: [{ type: 'InternalIP', address }] } };
    await client.patch(nodes, name, { type: 'merge', body }, 'status');
    await setNodeReady(client, name, 'True', cluster.clock.now());
  };
  const shows = (name: string, expected: string) => settles(async () => (await addresses(name)) === expected);
  return { ...cluster, make, get, addBoard, shows };
}

t.test('addresses follow the boards, and go with the type', async (t) => {
  const { client, clock, make, addBoard, shows } = await setUp(t);
  await addBoard('a', '10.0.0.1');
  await make('web');
  await shows('web', '10.0.0.1');
  await addBoard('b', '10.0.0.2');
  await shows('web', '10.0.0.1,10.0.0.2');
  await setNodeReady(client, 'a', 'Unknown', clock.now());
  await shows('web', '10.0.0.2');
  await client.patch(services, 'default/web', { type: 'merge', body: { spec: { type: 'NodePort' } } });
  await shows('web', '');
});

t.test('a Service that waits for a port says so, and has it when it is free', async (t) => {
  const { client, make, get, addBoard, shows } = await setUp(t);
  await addBoard('a', '10.0.0.1');
  await make('a');
  await shows('a', '10.0.0.1');
  await make('b');
  await settles(async () => ((await get('b')).status?.conditions?.length ?? 0) > 0);
  t.match((await get('b')).status?.conditions, [
    { type: 'LoadBalancerPortsError', status: 'True', reason: 'PortConflict', message: /default\/a/ },
  ]);
  await client.delete(services as never, 'default/a');
  await shows('b', '10.0.0.1');
  t.equal((await get('b')).status?.conditions, undefined);
});

t.test('it is held by upstream’s finalizer for as long as it is a load balancer', async (t) => {
  const { client, make, get, addBoard, shows } = await setUp(t);
  await addBoard('a', '10.0.0.1');
  await make('web');
  await shows('web', '10.0.0.1');
  const finalizers = async () => (await get('web')).metadata.finalizers ?? [];
  const changed = (type: string) =>
    client.patch(services, 'default/web', { type: 'merge', body: { spec: { type } } });
  t.same(await finalizers(), ['service.kubernetes.io/load-balancer-cleanup']);
  await changed('ClusterIP');
  await settles(async () => (await finalizers()).length === 0);
  await changed('LoadBalancer');
  await settles(async () => (await finalizers()).length === 1);
  await client.delete(services as never, 'default/web');
  await settles(async () => {
    const { items } = await client.list(services);
    return items.length === 0;
  });
});

t.test('a Service of another class is left to whoever serves that', async (t) => {
  const { client, make, get, addBoard, shows } = await setUp(t);
  await addBoard('a', '10.0.0.1');
  const made = await make('foreign', { loadBalancerClass: 'example.com/lb' });
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } };
  await client.updateStatus(services, { ...made, status });
  await make('own', { loadBalancerClass: 'edge-cluster.io/boards', ports: [{ port: 81 }] });
  await shows('own', '10.0.0.1');
  t.match((await get('foreign')).status, status);
  t.equal((await get('foreign')).metadata.finalizers, undefined);
});
