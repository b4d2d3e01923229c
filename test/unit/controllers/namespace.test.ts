import t, { type Test } from 'tap';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { namespaces } from '../../../src/api/kinds/namespace.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { secrets } from '../../../src/api/kinds/secret.ts';
import type { Namespace } from '../../../src/api/objects.ts';
import { allKinds } from '../../../src/api/scheme-table.ts';
import { forbidden } from '../../../src/api/status-error.ts';
import type { Client } from '../../../src/client/client.ts';
import { NamespaceController } from '../../../src/controllers/namespace.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

async function setUp(t: Test, change: (client: Client) => Client = (client) => client) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  await cluster.run(new NamespaceController({ ...cluster.options, client: change(client), kinds: allKinds }));
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
  const exists = async () =>
    (await client.list(namespaces)).items.some(({ metadata }) => metadata.name === 'lab');
  return { ...cluster, exists };
}

t.test('a namespace goes with all that is in it, and nothing else', async (t) => {
  const { client, exists } = await setUp(t);
  for (const namespace of ['lab', 'default']) {
    const metadata = { name: 'one', namespace };
    await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  }
  await client.delete(namespaces as never, 'lab');
  await settles(async () => !(await exists()));
  const left = (await client.list(configMaps)).items.map(({ metadata }) => metadata.namespace);
  t.same(left, ['default']);
});

t.test('it waits for a pod until its board has answered, and keeps what the pod uses', async (t) => {
  const { client, exists } = await setUp(t);
  const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
  await client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'one', namespace: 'lab' },
    spec,
  });
  const metadata = { name: 'used', namespace: 'lab' };
  await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await client.bind('lab/one', 'board');
  await client.delete(namespaces as never, 'lab');
  await settles(async () => (await client.get(pods, 'lab/one')).metadata.deletionTimestamp !== undefined);
  await quiet();
  t.equal(await exists(), true);
  t.equal((await client.get(configMaps, 'lab/used')).metadata.deletionTimestamp, undefined);
  t.match((await client.get<Namespace>(namespaces, 'lab')).status?.conditions?.slice(3), [
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: pods. has 1 resource instances',
    },
    { type: 'NamespaceFinalizersRemaining', status: 'False' },
  ]);
  await client.delete(pods as never, 'lab/one', { gracePeriodSeconds: 0 });
  await settles(async () => !(await exists()));
});

t.test('a kind that cannot be deleted is told and keeps no other from going', async (t) => {
  const { client, clock, exists } = await setUp(t, (client) => {
    const guarded = Object.create(client) as Client;
    for (const verb of ['list', 'updateStatus', 'finalizeNamespace'] as const) {
      guarded[verb] = client[verb].bind(client) as never;
    }
    guarded.delete = async (kind, key, options) => {
      if (kind.plural === 'configmaps')
        throw forbidden({ group: '', kind: 'configmaps', name: 'one' }, 'locked');
      return client.delete(kind as never, key, options);
    };
    return guarded;
  });
  const metadata = { name: 'one', namespace: 'lab' };
  await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata });
  await client.delete(namespaces as never, 'lab');
  await settles(async () => (await client.list(secrets, { namespace: 'lab' })).items.length === 0);
  await clock.advance(1000);
  await quiet();
  t.equal(await exists(), true);
  t.match((await client.get<Namespace>(namespaces, 'lab')).status?.conditions?.[2], {
    type: 'NamespaceDeletionContentFailure',
    status: 'True',
    reason: 'ContentDeletionFailed',
    message: 'Failed to delete all resource types, 1 remaining: configmaps "one" is forbidden: locked',
  });
});

t.test('one that somebody else holds says that its content is gone', async (t) => {
  const { client, exists } = await setUp(t);
  const hold = { metadata: { finalizers: ['e.com/hold'] } };
  await client.patch(namespaces, 'lab', { type: 'merge', body: hold });
  await client.delete(namespaces as never, 'lab');
  await settles(
    async () => ((await client.get<Namespace>(namespaces, 'lab')).spec?.finalizers ?? []).length === 0,
  );
  const { status } = await client.get<Namespace>(namespaces, 'lab');
  t.same(
    status?.conditions?.map(({ status }) => status),
    ['False', 'False', 'False', 'False', 'False'],
  );
  await client.patch(namespaces, 'lab', { type: 'merge', body: { metadata: { finalizers: null } } });
  await settles(async () => !(await exists()));
});

t.test('a namespace that nobody deletes is left alone', async (t) => {
  const { exists } = await setUp(t);
  await quiet();
  t.equal(await exists(), true);
});
