// Evictions over HTTP against a budget that its controller keeps: many at once take no more than it allows.
import t from 'tap';
import { pods } from '../../src/api/kinds/pod.ts';
import { keyOf, type Pod } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { DisruptionController } from '../../src/controllers/disruption.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';

const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';

t.test('of ten evictions at once as many are granted as the budget allows, the rest say why', async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  const { client } = api.server;
  const informers = new InformerFactory({ client, clock: systemClock, logger: silentLogger });
  const recorder = { record: () => undefined };
  const controller = new DisruptionController({
    client,
    informers,
    recorder,
    clock: systemClock,
    logger: silentLogger,
  });
  await informers.start();
  await controller.start();
  t.teardown(async () => {
    await controller.stop();
    await informers.stop();
  });
  const names = Array.from({ length: 10 }, (_, i) => `p${i}`);
  for (const name of names) {
    const metadata = { name, namespace: 'default', labels: { app: 'web' } };
    const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
    const pod = await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec } as never);
    await client.bind(keyOf(pod), 'board');
    const body = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
    await client.patch(pods, keyOf(pod), { type: 'strategic', body }, 'status');
  }
  const spec = { minAvailable: 7, selector: { matchLabels: { app: 'web' } } };
  const metadata = { name: 'web', namespace: 'default' };
  await api.ask('POST', BUDGETS, { body: { metadata, spec } });
  const budget = async () => (await api.ask('GET', `${BUDGETS}/web`)).json;
  await eventually(async () => (await budget()).status?.disruptionsAllowed === 3);

  const evict = (name: string) =>
    api.ask('POST', `/api/v1/namespaces/default/pods/${name}/eviction`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } },
    });
  const answers = await Promise.all(names.map(evict));
  t.same(answers.map(({ code }) => code).sort(), [201, 201, 201, 429, 429, 429, 429, 429, 429, 429]);
  t.match(answers.find(({ code }) => code === 429)?.json, {
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      causes: [
        {
          reason: 'DisruptionBudget',
          message: /^The disruption budget web needs 7 healthy pods and has \d+ currently$/,
        },
      ],
    },
  });
  const going = (await client.list<Pod>(pods)).items.filter(({ metadata: m }) => m.deletionTimestamp);
  t.equal(going.length, 3);
  const target = going[0]?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  t.match(target, { status: 'True', reason: 'EvictionByEvictionAPI' });
  await eventually(async () => {
    const { status } = await budget();
    return status.currentHealthy === 7 && status.disruptionsAllowed === 0 && !status.disruptedPods;
  });
  const left = names.find((name) => !going.some(({ metadata: m }) => m.name === name)) ?? '';
  t.equal((await evict(left)).code, 429);

  // What its controller could not compute is not trusted.
  const failing = { maxUnavailable: 1, selector: { matchLabels: { app: 'api' } } };
  await api.ask('POST', BUDGETS, { body: { metadata: { ...metadata, name: 'api' }, spec: failing } });
  const other = async () => (await api.ask('GET', `${BUDGETS}/api`)).json.status;
  await eventually(async () => (await other())?.observedGeneration === 1);
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true };
  const owned = { name: 'api', namespace: 'default', labels: { app: 'api' }, ownerReferences: [owner] };
  const containers = [{ name: 'c', image: 'e.com/c:1' }];
  await client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: owned,
    spec: { containers },
  } as never);
  await client.bind('default/api', 'board');
  const running = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
  await client.patch(pods, 'default/api', { type: 'strategic', body: running }, 'status');
  await eventually(async () => (await other())?.conditions[0].reason === 'SyncFailed');
  t.equal(
    (await evict('api')).json.details.causes[0].message,
    'The disruption budget api does not allow evicting pods currently because it failed sync: daemonsets.apps does not implement the scale subresource',
  );
});
