// Words and rules are from https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/ and
// upstream's pkg/controller/garbagecollector.
import t, { type Test } from 'tap';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { namespaces } from '../../../src/api/kinds/namespace.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import type { ConfigMap, meta } from '../../../src/api/objects.ts';
import { allKinds } from '../../../src/api/scheme-table.ts';
import type { DeleteOptions } from '../../../src/client/client.ts';
import { GarbageCollector } from '../../../src/controllers/garbage-collector.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  await cluster.run(new GarbageCollector({ ...cluster.options, kinds: allKinds }));
  const { client } = cluster;
  const get = (name: string) => client.get(configMaps, `default/${name}`);
  const refer = ({ metadata }: ConfigMap, blockOwnerDeletion = true): meta.OwnerReference => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: metadata.name,
    uid: metadata.uid,
    blockOwnerDeletion,
  });
  return {
    ...cluster,
    get,
    refer,
    make: (name: string, ownerReferences: meta.OwnerReference[] = [], finalizers: string[] = []) =>
      client.create<ConfigMap>(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'default', ownerReferences, finalizers },
      }),
    own: async (name: string, ...owners: string[]) => {
      const ownerReferences = await Promise.all(owners.map(async (owner) => refer(await get(owner))));
      const body = { metadata: { ownerReferences } };
      await client.patch(configMaps, `default/${name}`, { type: 'merge', body });
    },
    remove: (name: string, propagationPolicy: DeleteOptions['propagationPolicy']) =>
      client.delete(configMaps as never, `default/${name}`, { propagationPolicy }),
    names: async () =>
      (await client.list(configMaps)).items
        .map(({ metadata }) => metadata.name)
        .sort()
        .join(),
  };
}

t.test('dependents of dependents go after a background deletion', async (t) => {
  const { make, refer, remove, names } = await setUp(t);
  const owner = await make('owner');
  const child = await make('child', [refer(owner)]);
  await make('grandchild', [refer(child)]);
  await make('stranger');
  await remove('owner', 'Background');
  await settles(async () => (await names()) === 'stranger');
});

t.test('what is made for an owner that is gone already goes too', async (t) => {
  const { make, refer, remove, names } = await setUp(t);
  const owner = await make('owner');
  await remove('owner', 'Background');
  await make('late', [refer(owner)]);
  await settles(async () => (await names()) === '');
});

t.test('an object of the same name with another uid is no owner', async (t) => {
  const { make, refer, remove, names } = await setUp(t);
  const owner = await make('owner');
  await make('child', [refer(owner)]);
  await remove('owner', 'Background');
  await make('owner');
  await settles(async () => (await names()) === 'owner');
});

t.test('one owner of two is enough to stay, without the reference to the other', async (t) => {
  const { make, refer, remove, get } = await setUp(t);
  const [one, two] = [await make('one'), await make('two')];
  await make('child', [refer(one), refer(two)]);
  await remove('one', 'Background');
  await settles(async () => (await get('child')).metadata.ownerReferences?.length === 1);
  t.equal((await get('child')).metadata.ownerReferences?.[0]?.name, 'two');
});

t.test('orphans stay, owned by nobody', async (t) => {
  const { make, refer, remove, get, names } = await setUp(t);
  const owner = await make('owner');
  await make('child', [refer(owner)]);
  await remove('owner', 'Orphan');
  await settles(async () => (await names()) === 'child');
  t.same((await get('child')).metadata.ownerReferences ?? [], []);
});

t.test('in the foreground the owner waits for those that hold it up', async (t) => {
  const { client, make, refer, remove, get, names } = await setUp(t);
  const owner = await make('owner');
  await make('slow', [refer(owner)], ['example.com/hold']);
  await make('quick', [refer(owner)]);
  await remove('owner', 'Foreground');
  await settles(async () => (await names()) === 'owner,slow');
  await quiet();
  t.same((await get('owner')).metadata.finalizers, ['foregroundDeletion']);
  await client.patch(configMaps, 'default/slow', { type: 'merge', body: { metadata: { finalizers: null } } });
  await settles(async () => (await names()) === '');
});

t.test('in the foreground a dependent that holds nobody up is not waited for', async (t) => {
  const { make, refer, remove, names } = await setUp(t);
  const owner = await make('owner');
  await make('slow', [refer(owner, false)], ['example.com/hold']);
  await remove('owner', 'Foreground');
  await settles(async () => (await names()) === 'slow');
});

for (const policy of ['Background', 'Foreground'] as const) {
  t.test(`a ring of owners goes whole, ${policy}`, async (t) => {
    const { make, own, remove, names, clock } = await setUp(t);
    for (const name of ['a', 'b', 'c']) await make(name);
    await own('a', 'c');
    await own('b', 'a');
    await own('c', 'b');
    await quiet();
    t.equal(await names(), 'a,b,c');
    await remove('a', policy);
    await settles(async () => {
      await clock.advance(100);
      return (await names()) === '';
    });
  });
}

t.test(
  'owners in reach of nobody are left alone: unknown kinds, and namespaced owners of cluster objects',
  async (t) => {
    const { client, make, names } = await setUp(t);
    const unknown = { apiVersion: 'example.com/v1', kind: 'Camera', name: 'x', uid: 'u' };
    await make('child', [unknown]);
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'u' }];
    const metadata = { name: 'board', ownerReferences };
    await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata, spec: {} });
    await quiet();
    t.equal(await names(), 'child');
    t.ok(await client.get(nodes, 'board'));
  },
);

t.test('an owner that waits goes when the last one that held it up is let go to another owner', async (t) => {
  const { make, refer, remove, get, names } = await setUp(t);
  const leaving = await make('leaving');
  const staying = await make('staying');
  await make('shared', [refer(leaving), refer(staying, false)]);
  await remove('leaving', 'Foreground');
  await settles(async () => (await names()) === 'shared,staying');
  const { ownerReferences } = (await get('shared')).metadata;
  t.match(ownerReferences, [{ name: 'staying' }]);
  t.equal(ownerReferences?.length, 1);
});

t.test(
  'a reference that leads out of the namespace is told of, whatever becomes of its object',
  async (t) => {
    const { client, make, refer, recorder, names } = await setUp(t);
    const owner = await make('owner');
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
    await client.create<ConfigMap>(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'abroad', namespace: 'other', ownerReferences: [refer(owner)] },
    });
    const told = (namespace: string) =>
      `OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: ${namespace}, name: owner, uid: ${owner.metadata.uid}] does not exist in namespace "${namespace}"`;
    await settles(async () => (await names()) === 'owner');
    t.ok(recorder.lines.includes(told('other')));
    await client.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'board', ownerReferences: [refer(owner)] },
      spec: {},
    });
    await settles(() => recorder.lines.includes(told('')));
    await quiet();
    t.ok(await client.get(nodes, 'board'), 'nothing can be said of its owner, so it stays');
    t.equal(recorder.events.length, 2);
  },
);
