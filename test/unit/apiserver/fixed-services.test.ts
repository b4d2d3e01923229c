// The Services that every cluster has, whoever deletes them and wherever the master is.
import t, { type Test } from 'tap';
import { endpointSlices } from '../../../src/api/kinds/endpoint-slice.ts';
import { endpoints } from '../../../src/api/kinds/endpoints.ts';
import { namespaces } from '../../../src/api/kinds/namespace.ts';
import { services } from '../../../src/api/kinds/service.ts';
import { FixedServices } from '../../../src/apiserver/fixed-services.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { eventually } from '../../support/eventually.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';

const API = 'default/kubernetes';
const DNS = 'kube-system/kube-dns';

async function world(t: Test) {
  const cluster = await memoryCluster();
  const { client, clock, registry } = cluster;
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } });
  const warnings: string[] = [];
  let addresses: string[] = ['192.0.2.10'];
  const fixed = new FixedServices({
    registry,
    api: () => ({ clusterIP: '10.48.0.1', addresses, port: 6443 }),
    dnsAddress: '10.48.0.10',
    clock,
    logger: { ...silentLogger, warn: (_, message) => warnings.push(message) },
  });
  t.teardown(async () => {
    await fixed.stop();
    await cluster.stop();
  });
  const move = (...to: string[]) => {
    addresses = to;
  };
  return { cluster, fixed, warnings, move };
}

t.test('who deletes all of a namespace finds the Services of the cluster again', async (t) => {
  const { cluster, fixed, warnings } = await world(t);
  const { client, clock } = cluster;
  await fixed.start();
  const uid = (await client.get(services, API)).metadata.uid;
  await client.delete(services as never, API);
  await client.delete(services as never, DNS);
  await client.delete(endpointSlices as never, API);
  await clock.advance(10_000);
  const again = await eventually(() => client.get(services, API));
  t.equal(again.spec.clusterIP, '10.48.0.1');
  t.not(again.metadata.uid, uid);
  t.equal((await eventually(() => client.get(services, DNS))).spec.clusterIP, '10.48.0.10');
  t.match(await client.get(endpointSlices, API), { endpoints: [{ addresses: ['192.0.2.10'] }] });
  t.same(warnings, []);
});

t.test(
  'pods are led to the address that the master has now, and nothing is written while all is well',
  async (t) => {
    const { cluster, fixed, move } = await world(t);
    const { client, clock } = cluster;
    await fixed.start();
    const before = cluster.commits();
    await clock.advance(60_000);
    t.equal(cluster.commits(), before);
    move('192.0.2.77');
    await clock.advance(10_000);
    const [subset] = await eventually(async () => {
      const { subsets = [] } = await client.get(endpoints, API);
      if (subsets[0]?.addresses?.[0]?.ip !== '192.0.2.77') throw new Error('not moved yet');
      return subsets;
    });
    t.match(subset?.ports, [{ name: 'https', port: 6443 }]);
    t.match(await client.get(endpointSlices, API), { endpoints: [{ addresses: ['192.0.2.77'] }] });
  },
);

t.test('another Service at the address of DNS stays, and that is told once', async (t) => {
  const { cluster, fixed, warnings } = await world(t);
  const { client, clock } = cluster;
  const spec = { clusterIP: '10.48.0.10', ports: [{ port: 53 }] };
  await client.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a', namespace: 'default' },
    spec,
  });
  await fixed.start();
  await clock.advance(60_000);
  t.match(warnings, [/no Service kube-system\/kube-dns at 10\.48\.0\.10/]);
  t.equal(warnings.length, 1);
});
