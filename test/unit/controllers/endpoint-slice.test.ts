import t, { type Test } from 'tap';
import { endpointSlices } from '../../../src/api/kinds/endpoint-slice.ts';
import { endpoints } from '../../../src/api/kinds/endpoints.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { services } from '../../../src/api/kinds/service.ts';
import type { EndpointSlice, Endpoints, Node, Service } from '../../../src/api/objects.ts';
import { type ClusterNetwork, defaultClusterNetwork } from '../../../src/base/cluster-network.ts';
import { EndpointSliceController } from '../../../src/controllers/endpoint-slice.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

async function setUp(t: Test, network?: ClusterNetwork) {
  const cluster = await memoryCluster(network);
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  await cluster.run(new EndpointSliceController(cluster.options));
  const all = async () => (await client.list(endpointSlices)).items;
  const shown = async () =>
    (await all())
      .flatMap((slice) => slice.endpoints ?? [])
      .map(({ addresses, conditions }) => `${addresses[0]} ${conditions?.ready} ${conditions?.terminating}`)
      .sort();
  return {
    ...cluster,
    all,
    serve: (spec: Service['spec'] = { selector: { app: 'web' }, ports: [{ port: 80 }] }) =>
      client.create<Service>(services, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', namespace: 'default', labels: { tier: 'front' } },
        spec,
      }),
    run: async (name: string, podIP: string, ready = true, ipv6?: string) => {
      const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
      const metadata = { name, namespace: 'default', labels: { app: 'web' } };
      await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
      await client.bind(`default/${name}`, 'board');
      const pod = await client.get(pods, `default/${name}`);
      const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
      await client.updateStatus(pods, {
        ...pod,
        status: {
          ...pod.status,
          phase: 'Running',
          podIP,
          podIPs: [{ ip: podIP }, ...(ipv6 ? [{ ip: ipv6 }] : [])],
          conditions,
        },
      });
    },
    showing: (...expected: string[]) => settles(async () => (await shown()).join() === expected.join()),
  };
}

t.test('a slice says whose it is, and follows the pods', async (t) => {
  const { client, serve, run, showing, all } = await setUp(t);
  const service = await serve();
  await settles(async () => (await all()).length === 1);
  await run('a', '10.40.0.2');
  await run('b', '10.40.0.3', false);
  await showing('10.40.0.2 true false', '10.40.0.3 false false');
  const [slice] = await all();
  t.match(slice, {
    addressType: 'IPv4',
    metadata: {
      labels: {
        tier: 'front',
        'kubernetes.io/service-name': 'web',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Service', uid: service.metadata.uid, controller: true }],
    },
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
  });
  await client.delete(pods, 'default/a');
  await showing('10.40.0.2 false true', '10.40.0.3 false false');
  await client.delete(pods, 'default/a', { gracePeriodSeconds: 0 });
  await showing('10.40.0.3 false false');
  t.equal((await all()).length, 1);
});

t.test('the slices go with their Service, those of others stay', async (t) => {
  const { client, serve, run, showing, all } = await setUp(t);
  await client.create<EndpointSlice>(endpointSlices, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'own', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [],
  });
  await serve();
  await run('a', '10.40.0.2');
  await showing('10.40.0.2 true false');
  await client.delete(services, 'default/web');
  await settles(async () => (await all()).map(({ metadata }) => metadata.name).join() === 'own');
});

t.test('Endpoints that a person keeps are mirrored, unless they say no', async (t) => {
  const { client, serve, showing, all } = await setUp(t);
  await serve({ ports: [{ port: 80 }] });
  await client.create<Endpoints>(endpoints, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web', namespace: 'default' },
    subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 8080 }] }],
  });
  await showing('192.0.2.7 true false');
  t.match((await all())[0]?.metadata.labels, {
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  });
  const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  await client.patch(endpoints, 'default/web', { type: 'merge', body: { metadata: { labels } } });
  await settles(async () => (await all()).length === 0);
});

t.test('an address in several subsets is mirrored with the ports of each', async (t) => {
  const { client, serve, showing, all } = await setUp(t);
  const ports = [8090, 9090].map((port, i) => ({ name: `p${i}`, port, protocol: 'TCP' }));
  await serve({
    ports: [
      { name: 'p0', port: 80 },
      { name: 'p1', port: 81 },
    ],
  });
  await client.create<Endpoints>(endpoints, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web', namespace: 'default' },
    subsets: ports.map((port) => ({ addresses: [{ ip: '192.0.2.7' }], ports: [port] })),
  });
  await showing('192.0.2.7 true false', '192.0.2.7 true false');
  t.same(
    (await all()).map((slice) => slice.ports?.[0]).sort((a, b) => (a?.port ?? 0) - (b?.port ?? 0)),
    ports,
  );
  const annotations = { 'control-plane.alpha.kubernetes.io/leader': '{}' };
  await client.patch(endpoints, 'default/web', { type: 'merge', body: { metadata: { annotations } } });
  await settles(async () => (await all()).length === 0);
});

t.test('somebody else changes a slice: it is put right', async (t) => {
  const { client, serve, run, showing, all } = await setUp(t);
  await serve();
  await run('a', '10.40.0.2');
  await showing('10.40.0.2 true false');
  const [slice] = await all();
  await client.update(endpointSlices, { ...slice!, endpoints: [] });
  await showing('10.40.0.2 true false');
});

t.test('at rest nothing is written', async (t) => {
  const { client, clock, serve, run, showing } = await setUp(t);
  await serve();
  await run('a', '10.40.0.2');
  await showing('10.40.0.2 true false');
  await quiet();
  const { resourceVersion } = await client.list(pods);
  await clock.advance(600_000);
  await quiet();
  t.equal((await client.list(pods)).resourceVersion, resourceVersion);
});

const ipv6 = { podRange: 'fd00:10:40::/48', nodePrefix: 64, serviceRange: 'fd00:10:48::/112' };

t.test(
  'a Service of two families has slices of each, a pod without an address of one is not in it',
  async (t) => {
    const { serve, run, showing, all, client } = await setUp(t, { ...defaultClusterNetwork, ipv6 });
    await serve({ selector: { app: 'web' }, ports: [{ port: 80 }], ipFamilyPolicy: 'RequireDualStack' });
    await run('a', '10.40.0.2', true, 'fd00:10:40::2');
    await run('b', '10.40.0.3');
    await showing('10.40.0.2 true false', '10.40.0.3 true false', 'fd00:10:40::2 true false');
    const types = async () => (await all()).map(({ addressType }) => addressType).sort();
    t.same(await types(), ['IPv4', 'IPv6']);
    const body = { spec: { ipFamilyPolicy: 'SingleStack' } };
    await client.patch(services, 'default/web', { type: 'merge', body });
    await showing('10.40.0.2 true false', '10.40.0.3 true false');
    t.same(await types(), ['IPv4']);
  },
);

t.test("what a person's Endpoints hold is mirrored into slices of its families", async (t) => {
  const { serve, client, all, showing } = await setUp(t);
  await serve({ ports: [{ port: 80 }] });
  await client.create<Endpoints>(endpoints, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web', namespace: 'default' },
    subsets: [{ addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }], ports: [{ port: 80 }] }],
  });
  await showing('192.0.2.1 true false', '2001:db8::1 true false');
  t.same((await all()).map(({ addressType }) => addressType).sort(), ['IPv4', 'IPv6']);
});

t.test('endpoints say their zone, and are hinted as the Service asks, until it does not', async (t) => {
  const { serve, run, showing, all, client } = await setUp(t);
  const label = (zone: string | null) =>
    client.patch(nodes, 'board', {
      type: 'merge',
      body: { metadata: { labels: { 'topology.kubernetes.io/zone': zone } } },
    });
  const near = async () => {
    const [endpoint] = (await all())[0]?.endpoints ?? [];
    return JSON.stringify([endpoint?.zone, endpoint?.hints]);
  };
  const settledAt = (zone: string | null, hints: object | null) =>
    settles(async () => (await near()) === JSON.stringify([zone, hints]));
  await client.create<Node>(nodes, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'board', labels: { 'topology.kubernetes.io/zone': 'shed' } },
    spec: {},
  });
  await serve({ selector: { app: 'web' }, ports: [{ port: 80 }], trafficDistribution: 'PreferSameZone' });
  await run('a', '10.40.0.2');
  await showing('10.40.0.2 true false');
  await settledAt('shed', { forZones: [{ name: 'shed' }] });
  await label('attic');
  await settledAt('attic', { forZones: [{ name: 'attic' }] });
  const distribute = (trafficDistribution: string | null) =>
    client.patch(services, 'default/web', { type: 'merge', body: { spec: { trafficDistribution } } });
  await distribute('PreferSameNode');
  await settledAt('attic', { forZones: [{ name: 'attic' }], forNodes: [{ name: 'board' }] });
  await distribute(null);
  await settledAt('attic', null);
  await label(null);
  await settledAt(null, null);
});

t.test('the mark of a headless Service is put on its slices, and on no others', async (t) => {
  const { serve, client, all } = await setUp(t);
  const mark = 'service.kubernetes.io/headless';
  await serve({ clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 80 }] });
  await client.create<Service>(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'other', namespace: 'default', labels: { [mark]: '', tier: 'back' } },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  const marks = async () =>
    (await all()).map(({ metadata }) => [metadata.labels?.tier, metadata.labels?.[mark]]).sort();
  await settles(async () => (await all()).length === 2);
  t.strictSame(await marks(), [
    ['back', undefined],
    ['front', ''],
  ]);
});
