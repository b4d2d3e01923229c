// A pod on a board that is lost must not keep its replacement out, neither at admission nor in the status.
// Source: pkg/quota/v1/evaluator/core/pods.go QuotaV1Pod
import t from 'tap';
import { pods } from '../../../src/api/kinds/pod.ts';
import { resourceQuotas } from '../../../src/api/kinds/resource-quota.ts';
import type { Pod, ResourceQuota } from '../../../src/api/objects.ts';
import { allKinds } from '../../../src/api/scheme-table.ts';
import { ResourceQuotaController } from '../../../src/controllers/resource-quota.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { settles } from '../../support/settles.ts';

t.test('a pod that should be gone gives its room back, whoever does not answer', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, clock, options } = cluster;
  await cluster.run(new ResourceQuotaController({ ...options, kinds: allKinds }));
  await client.create<ResourceQuota>(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: { pods: '1', 'count/pods': '5' } },
  });
  const make = (name: string) =>
    client.create<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'e.com/c:1' }] },
    });
  const used = async () => (await client.get(resourceQuotas, 'default/q')).status?.used;
  const usedBecomes = (wanted: string) =>
    settles(async () => {
      // Bursts are written together, a moment later.
      await clock.advance(10);
      return JSON.stringify(await used()) === wanted;
    });
  await make('lost');
  await client.bind('default/lost', 'board');
  await client.delete(pods as never, 'default/lost', { gracePeriodSeconds: 10 });
  await usedBecomes('{"pods":"1","count/pods":"1"}');
  await t.rejects(make('next'), /exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1/);
  await clock.advance(21_000);
  await usedBecomes('{"pods":"0","count/pods":"1"}');
  await make('next');
  await usedBecomes('{"pods":"1","count/pods":"2"}');
  await t.rejects(make('another'), /exceeded quota/);
  await client.delete(pods as never, 'default/lost', { gracePeriodSeconds: 0 });
  await t.rejects(make('another'), /exceeded quota/, 'its room is not given back twice');
  await usedBecomes('{"pods":"1","count/pods":"1"}');
});
