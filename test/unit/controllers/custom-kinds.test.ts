// The loops over all kinds see custom ones too, also those that appear while they run.
import t, { type Test } from 'tap';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { customResourceDefinitions } from '../../../src/api/kinds/custom-resource-definition.ts';
import { namespaces } from '../../../src/api/kinds/namespace.ts';
import { resourceQuotas } from '../../../src/api/kinds/resource-quota.ts';
import type { KubeObject } from '../../../src/api/objects.ts';
import type { KindDefinition } from '../../../src/api/scheme.ts';
import { allKinds } from '../../../src/api/scheme-table.ts';
import type { NewObject } from '../../../src/client/client.ts';
import { GarbageCollector } from '../../../src/controllers/garbage-collector.ts';
import { NamespaceController } from '../../../src/controllers/namespace.ts';
import { ResourceQuotaController } from '../../../src/controllers/resource-quota.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { settles } from '../../support/settles.ts';

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, kinds } = cluster;
  const options = { ...cluster.options, kinds: allKinds, customKinds: kinds };
  await cluster.run(
    new NamespaceController(options),
    new GarbageCollector(options),
    new ResourceQuotaController(options),
  );
  await client.create(customResourceDefinitions, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  });
  const widgets = kinds.byResource('example.com', 'v1', 'widgets') as KindDefinition;
  const make = (name: string, namespace: string) => {
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace } };
    return client.create(widgets, widget as NewObject<KubeObject>);
  };
  return { ...cluster, widgets, make };
}

t.test('a namespace takes its custom objects with it', async (t) => {
  const { client, widgets, make } = await setUp(t);
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
  await make('one', 'lab');
  await make('two', 'default');
  await client.delete(namespaces as never, 'lab');
  await settles(async () => !(await client.list(namespaces)).items.some((n) => n.metadata.name === 'lab'));
  t.same(
    (await client.list(widgets)).items.map(({ metadata }) => metadata.name),
    ['two'],
  );
});

t.test(
  'what a custom object owns goes after it, and before it when the deletion is a foreground one',
  async (t) => {
    const { client, widgets, make } = await setUp(t);
    const own = async (name: string) => {
      const { apiVersion, kind, metadata } = await make(name, 'default');
      const ownerReferences = [{ apiVersion, kind, name, uid: metadata.uid, blockOwnerDeletion: true }];
      const owned = { name: `of-${name}`, namespace: 'default', ownerReferences };
      await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: owned });
    };
    const left = async () =>
      (await client.list(configMaps)).items.length + (await client.list(widgets)).items.length;
    await own('one');
    await client.delete(widgets, 'default/one', { propagationPolicy: 'Background' });
    await settles(async () => (await left()) === 0);
    await own('two');
    await client.delete(widgets, 'default/two', { propagationPolicy: 'Foreground' });
    await settles(async () => (await left()) === 0);
    t.equal(await left(), 0);
  },
);

t.test('a quota shows how many custom objects there are, and what goes is given back', async (t) => {
  const { client, widgets, make, clock } = await setUp(t);
  const count = 'count/widgets.example.com';
  await client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'few', namespace: 'default' },
    spec: { hard: { [count]: '1' } },
  });
  const shows = (used: string) =>
    settles(async () => {
      clock.advance(1000);
      return (await client.get(resourceQuotas, 'default/few')).status?.used?.[count] === used;
    });
  await shows('0');
  await make('one', 'default');
  await shows('1');
  await t.rejects(make('two', 'default'), { code: 403, message: /exceeded quota: few/ });
  await client.delete(widgets, 'default/one', {});
  await shows('0');
});
