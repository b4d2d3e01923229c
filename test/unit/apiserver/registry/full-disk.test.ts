// Writes that a full disk refuses leave nothing behind: what a quota counts and what Services hold is what is stored.
import t from 'tap';
import { configMaps } from '../../../../src/api/kinds/config-map.ts';
import { resourceQuotas } from '../../../../src/api/kinds/resource-quota.ts';
import { services } from '../../../../src/api/kinds/service.ts';
import type { ConfigMap, Service } from '../../../../src/api/objects.ts';
import type { NewObject } from '../../../../src/client/client.ts';
import { memoryCluster } from '../../../support/memory-cluster.ts';

const configMap = (name: string): NewObject<ConfigMap> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
});
const service = (name: string, spec: object = {}): NewObject<Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ port: 80 }], ...spec },
});
const NO_ROOM = { code: 507 };

t.test('what was refused counts against no quota', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  await client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: { configmaps: '2' } },
  });
  await client.create(configMaps, configMap('a'));
  cluster.setDiskFull(true);
  for (const name of ['b', 'b', 'b']) await t.rejects(client.create(configMaps, configMap(name)), NO_ROOM);
  for (const _ of [1, 2]) await t.rejects(client.delete(configMaps as never, 'default/a'), NO_ROOM);
  cluster.setDiskFull(false);
  await client.create(configMaps, configMap('b'));
  await t.rejects(client.create(configMaps, configMap('c')), { code: 403, message: /used: configmaps=2/ });
});

t.test('a Service that was refused holds nothing, and one that stays keeps what it has', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client } = cluster;
  const there = await client.create(
    services,
    service('there', { type: 'NodePort', clusterIP: '10.48.0.77' }),
  );
  cluster.setDiskFull(true);
  const chosen = { type: 'NodePort', clusterIP: '10.48.0.78', ports: [{ port: 80, nodePort: 30_001 }] };
  for (const _ of [1, 2]) {
    await t.rejects(client.create(services, service('chosen', chosen)), NO_ROOM);
    await t.rejects(client.delete(services as never, 'default/there'), NO_ROOM);
    const external = { ...there, spec: { type: 'ExternalName', externalName: 'x.org' } } as Service;
    await t.rejects(client.update(services, external), NO_ROOM);
  }
  cluster.setDiskFull(false);
  t.match(await client.create(services, service('first')), { spec: { clusterIP: /^10\.48\./ } });
  t.match(await client.create(services, service('chosen', chosen)), { spec: { clusterIP: '10.48.0.78' } });
  const taken = client.create(services, service('other', { clusterIP: '10.48.0.77' }));
  await t.rejects(taken, { code: 422, message: /already allocated/ });
  const { nodePort } = there.spec.ports?.[0] ?? {};
  const samePort = service('other', { type: 'NodePort', ports: [{ port: 80, nodePort }] });
  await t.rejects(client.create(services, samePort), { code: 422, message: /already allocated/ });
  await client.delete(services as never, 'default/there');
  t.match(await client.create(services, service('other', { clusterIP: '10.48.0.77' })), {
    spec: { clusterIP: '10.48.0.77' },
  });
});
