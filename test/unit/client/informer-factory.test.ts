import t from 'tap';
import { configMaps } from '../../../src/api/kinds/config-map.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { settles } from '../../support/settles.ts';

const metadata = { name: 'one', namespace: 'default' };

t.test('a kind has one informer, however many ask', async (t) => {
  const { informers, stop } = await memoryCluster();
  t.teardown(stop);
  t.equal(informers.for(pods), informers.for(pods));
  t.not(informers.for(pods), informers.for(configMaps));
});

t.test(
  'informers run from the start on, one that is asked for later at once, none after the stop',
  async (t) => {
    const { client, informers, run, stop } = await memoryCluster();
    t.teardown(stop);
    const early = informers.for(pods);
    t.equal(early.isSynced, false);
    await run();
    t.equal(early.isSynced, true);
    const late = informers.for(configMaps);
    await late.whenSynced();
    await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    await settles(() => late.lister.get('default/one') !== undefined);
    await informers.stop();
    await client.delete(configMaps as never, 'default/one');
    await informers.start();
    t.equal(late.lister.get('default/one'), undefined, 'started again it knows what happened meanwhile');
  },
);
