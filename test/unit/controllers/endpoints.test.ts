import t, { type Test } from 'tap';
import { endpoints } from '../../../src/api/kinds/endpoints.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { services } from '../../../src/api/kinds/service.ts';
import type { Endpoints, Service } from '../../../src/api/objects.ts';
import { EndpointsController } from '../../../src/controllers/endpoints.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

async function setUp(
  t: Test,
  before?: (cluster: Awaited<ReturnType<typeof memoryCluster>>) => Promise<void>,
) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  await before?.(cluster);
  await cluster.run(new EndpointsController(cluster.options));
  const { client } = cluster;
  const ips = async () => {
    const { subsets } = await client.get(endpoints, 'default/web');
    return (subsets ?? []).flatMap(({ addresses }) => (addresses ?? []).map(({ ip }) => ip));
  };
  return {
    ...cluster,
    serve: (more: object = {}) =>
      client.create<Service>(services, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', namespace: 'default', labels: { tier: 'front' } },
        spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...more },
      }),
    run: async (
      name: string,
      podIP: string,
      ready = true,
      labels: Record<string, string> = { app: 'web' },
    ) => {
      const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
      const metadata = { name, namespace: 'default', labels };
      const pod = await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
      await client.bind(`default/${name}`, 'board');
      const bound = await client.get(pods, `default/${name}`);
      const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
      await client.updateStatus(pods, {
        ...bound,
        status: { ...pod.status, phase: 'Running', podIP, conditions },
      });
    },
    served: (...expected: string[]) => settles(async () => (await ips()).join() === expected.join()),
    get: () => client.get(endpoints, 'default/web'),
  };
}

t.test('pods come and go behind a Service', async (t) => {
  const { client, serve, run, served, get } = await setUp(t);
  await run('a', '10.40.0.2');
  await serve();
  await served('10.40.0.2');
  await run('b', '10.40.0.3');
  await served('10.40.0.2', '10.40.0.3');
  const pod = await client.get(pods, 'default/a');
  const conditions = [{ type: 'Ready', status: 'False' }];
  await client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } });
  await served('10.40.0.3');
  t.match((await get()).subsets, [{ notReadyAddresses: [{ ip: '10.40.0.2' }] }]);
  await client.delete(pods as never, 'default/b');
  await served();
  await client.patch(pods, 'default/a', { type: 'merge', body: { metadata: { labels: { app: 'x' } } } });
  await settles(
    async () => (await get()).subsets?.length === undefined || (await get()).subsets?.length === 0,
  );
});

t.test('labels follow those of the Service, and headless ones are marked', async (t) => {
  const { serve, served, get } = await setUp(t);
  await serve({ clusterIP: 'None' });
  await settles(() => get());
  await served();
  t.match((await get()).metadata.labels, { tier: 'front', 'service.kubernetes.io/headless': '' });
});

t.test('a change of the selector or the ports shows at once', async (t) => {
  const { client, serve, run, served, get } = await setUp(t);
  await serve();
  await run('a', '10.40.0.2');
  await run('b', '10.40.0.3', true, { app: 'new' });
  await served('10.40.0.2');
  const body = { spec: { selector: { app: 'new' }, ports: [{ port: 81, protocol: 'TCP' }] } };
  await client.patch(services, 'default/web', { type: 'merge', body });
  await served('10.40.0.3');
  await settles(async () => (await get()).subsets?.[0]?.ports?.[0]?.port === 81);
});

t.test(
  'a hand that changes our Endpoints is corrected; a Service without selector is left to its user',
  async (t) => {
    const { client, serve, run, served, get } = await setUp(t);
    await serve();
    await run('a', '10.40.0.2');
    await served('10.40.0.2');
    await client.update<Endpoints>(endpoints, { ...(await get()), subsets: [] });
    await served('10.40.0.2');

    const own = { name: 'own', namespace: 'default' };
    const spec = { ports: [{ port: 80 }] };
    await client.create<Service>(services, { apiVersion: 'v1', kind: 'Service', metadata: own, spec });
    const subsets = [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80, protocol: 'TCP' }] }];
    const made = await client.create<Endpoints>(endpoints, {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: own,
      subsets,
    });
    await quiet();
    t.same(await client.get(endpoints, 'default/own'), made);
  },
);

t.test('Endpoints go with their Service', async (t) => {
  const { client, serve, get } = await setUp(t);
  await serve();
  await settles(() => get());
  await client.delete(services as never, 'default/web');
  await settles(async () => (await client.list(endpoints, { namespace: 'default' })).items.length === 0);
});

t.test('what was left behind while we were away is cleared; a user’s own is not', async (t) => {
  const subsets = [{ addresses: [{ ip: '192.0.2.1' }] }];
  const labels = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
  const { client } = await setUp(t, async ({ client }) => {
    for (const [name, more] of [
      ['ours', { labels }],
      ['theirs', {}],
    ] as const) {
      const metadata = { name, namespace: 'default', ...more };
      await client.create<Endpoints>(endpoints, { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets });
    }
  });
  const names = async () => (await client.list(endpoints)).items.map(({ metadata }) => metadata.name);
  await settles(async () => (await names()).length === 1);
  t.same(await names(), ['theirs']);
});

t.test('news of a pod that change nothing for a Service write nothing', async (t) => {
  const { client, serve, run, served, get } = await setUp(t);
  await serve();
  await run('a', '10.40.0.2');
  await served('10.40.0.2');
  await quiet();
  const before = (await get()).metadata.resourceVersion;
  const pod = await client.get(pods, 'default/a');
  await client.updateStatus(pods, { ...pod, status: { ...pod.status, message: 'still fine' } });
  await quiet();
  t.equal((await get()).metadata.resourceVersion, before);
});
