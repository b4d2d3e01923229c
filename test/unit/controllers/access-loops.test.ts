// The loops that keep accounts, the CA, aggregated roles and the status of quotas, on the real registry in memory.
import t from 'tap';
import { clusterRoles } from '../../../src/api/kinds/cluster-role.ts';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { namespaces } from '../../../src/api/kinds/namespace.ts';
import { resourceQuotas } from '../../../src/api/kinds/resource-quota.ts';
import { secrets } from '../../../src/api/kinds/secret.ts';
import { serviceAccounts } from '../../../src/api/kinds/service-account.ts';
import type { ClusterRole, ConfigMap, Namespace, ResourceQuota } from '../../../src/api/objects.ts';
import { allKinds } from '../../../src/api/scheme-table.ts';
import {
  aggregatedRules,
  ClusterRoleAggregationController,
} from '../../../src/controllers/cluster-role-aggregation.ts';
import { ResourceQuotaController } from '../../../src/controllers/resource-quota.ts';
import { RootCaController } from '../../../src/controllers/root-ca.ts';
import { ServiceAccountController } from '../../../src/controllers/service-accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
const reading = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });

t.test('every account has exactly one token Secret, and it goes with its account', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  await cluster.run(new ServiceAccountController(cluster.options));
  const account = await eventually(async () => {
    const found = await client.get(serviceAccounts, 'default/default');
    return found.secrets?.length === 1 ? found : false;
  });
  const held = await client.list(secrets, { namespace: 'default' });
  t.equal(held.items.length, 1);
  t.ok(account);
  await client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'x', namespace: 'default' },
  });
  const count = async () => (await client.list(secrets, { namespace: 'default' })).items.length;
  await eventually(async () => (await count()) === 2);
  await client.delete(serviceAccounts, 'default/x');
  await eventually(async () => (await count()) === 1);
  t.pass();
});

t.test('the CA of every namespace is put right when somebody changes it', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  await cluster.run(new RootCaController({ ...cluster.options, rootCaPem: 'PEM' }));
  const key = 'default/kube-root-ca.crt';
  const isRight = async () => (await client.get(configMaps, key)).data?.['ca.crt'] === 'PEM';
  await eventually(isRight);
  const found = await client.get(configMaps, key);
  await client.update<ConfigMap>(configMaps, { ...found, data: { 'ca.crt': 'forged' } });
  await eventually(isRight);
  await client.create<Namespace>(namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'b' },
  });
  await eventually(
    async () => (await client.get(configMaps, 'b/kube-root-ca.crt')).data?.['ca.crt'] === 'PEM',
  );
  t.pass();
});

t.test('an aggregated role has the rules of those that its selectors take in, each once', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  const make = (name: string, resource: string, labels: Record<string, string>) =>
    client.create<ClusterRole>(clusterRoles, {
      ...rbac,
      metadata: { name, labels },
      rules: [reading(resource)],
    });
  await make('one', 'pods', { to: 'all' });
  await make('two', 'pods', { to: 'all' });
  await make('other', 'nodes', { to: 'none' });
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { to: 'all' } }] };
  await client.create<ClusterRole>(clusterRoles, { ...rbac, metadata: { name: 'all' }, aggregationRule });
  await cluster.run(new ClusterRoleAggregationController(cluster.options));
  const rules = async () => (await client.get(clusterRoles, 'all')).rules ?? [];
  await eventually(async () => (await rules()).length === 1);
  t.same(await rules(), [reading('pods')]);
  await make('three', 'services', { to: 'all' });
  await eventually(async () => (await rules()).length === 2);
  const listed = (await client.list(clusterRoles)).items;
  const all = listed.find(({ metadata }) => metadata.name === 'all')!;
  t.same(aggregatedRules(all, listed.toReversed()), await rules(), 'whatever order they come in');
});

t.test('the status of a quota follows what is there', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, clock } = cluster;
  await client.create<ResourceQuota>(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: { configmaps: '3', 'requests.cpu': '1000m' } },
  });
  await cluster.run(new ResourceQuotaController({ ...cluster.options, kinds: allKinds }));
  const status = async () => (await client.get(resourceQuotas, 'default/q')).status;
  await eventually(async () => (await status())?.used?.configmaps === '0');
  t.same((await status())?.hard, { configmaps: '3', 'requests.cpu': '1' });
  await client.create<ConfigMap>(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'default' },
  });
  const follows = (used: string) =>
    eventually(async () => {
      await clock.advance(200);
      return (await status())?.used?.configmaps === used;
    });
  await follows('1');
  await client.delete(configMaps, 'default/c');
  await follows('0');
});
