// What cannot be done is said, in status and events, and costs nothing while it cannot be done; when the cause goes it
// is done without being asked again.
import t from 'tap';
import { findCondition } from '../../src/api/conditions.ts';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { replicationControllers } from '../../src/api/kinds/replication-controller.ts';
import { resourceQuotas } from '../../src/api/kinds/resource-quota.ts';
import type { Deployment, Pod, ReplicationController } from '../../src/api/objects.ts';
import { isReady } from '../../src/controllers/pod-state.ts';
import { eventually } from '../support/eventually.ts';
import { LiveCluster } from '../support/live-cluster.ts';

const HUGE = 2_000_000_000;
const IDLE_MS = 2_000;
/** Of one core. Retries with back-off cost far less; a loop without it takes all of it. */
const MOST_CPU = 0.5;

const live = await LiveCluster.start({ boards: ['a', 'b'] });
const { client, recorder } = live;
t.teardown(() => live.stop());

const template = (app: string, image: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image }] },
});
const readyOf = async (app: string) =>
  (await client.list(pods, { labelSelector: `app=${app}` })).items.filter(
    (pod) => isReady(pod) && !pod.metadata.deletionTimestamp,
  );
const setQuota = (count: string) =>
  client.patch(resourceQuotas, 'default/q', { type: 'merge', body: { spec: { hard: { pods: count } } } });
const heard = (reason: string, pattern: RegExp) =>
  recorder.events.some((event) => event.reason === reason && pattern.test(event.message));

/** Share of one core that this process takes while nothing is asked of it. */
async function idleCpu(): Promise<number> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await eventually(() => performance.now() - startMs >= IDLE_MS, IDLE_MS + 5_000, 100);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - startMs);
}

t.test('a pod that no board can hold says why, and starts when one can', async (t) => {
  const metadata = { name: 'picky', namespace: 'default' };
  const spec = { nodeSelector: { camera: 'yes' }, containers: [{ name: 'c', image: 'i' }] };
  await client.create<Pod>(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
  const scheduled = async () =>
    findCondition((await client.get(pods, 'default/picky')).status?.conditions, 'PodScheduled');
  await eventually(async () => (await scheduled())?.reason === 'Unschedulable', 5_000);
  const why = /0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector/;
  t.match((await scheduled())?.message, why);
  t.ok(heard('FailedScheduling', why));
  const cpu = await idleCpu();
  t.ok(cpu < MOST_CPU, `${cpu.toFixed(2)} of a core while it waits`);
  await client.patch(nodes, 'b', { type: 'merge', body: { metadata: { labels: { camera: 'yes' } } } });
  await eventually(async () => (await client.get(pods, 'default/picky')).spec.nodeName === 'b', 5_000);
  await client.delete(pods, 'default/picky');
  await eventually(async () => (await client.list(pods)).items.length === 0, 5_000);
});

t.test(
  'two thousand million replicas under a quota of 5: five run, the rest is said and not tried in a spin',
  async (t) => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'default' } };
    await client.create(resourceQuotas, { ...quota, spec: { hard: { pods: '5' } } } as never);
    await client.create<ReplicationController>(replicationControllers, {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'huge', namespace: 'default' },
      spec: { replicas: HUGE, selector: { app: 'huge' }, template: template('huge', 'i') },
    });
    await eventually(async () => (await readyOf('huge')).length === 5, 10_000);
    const failure = async () =>
      findCondition(
        (await client.get(replicationControllers, 'default/huge')).status?.conditions,
        'ReplicaFailure',
      );
    await eventually(async () => (await failure())?.reason === 'FailedCreate', 5_000);
    t.match(
      (await failure())?.message,
      /exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5/,
    );
    t.ok(heard('FailedCreate', /exceeded quota/));
    const cpu = await idleCpu();
    t.comment(`${cpu.toFixed(2)} of a core while the quota is exhausted`);
    t.ok(cpu < MOST_CPU);
    const body = { spec: { replicas: 0 } };
    await client.patch(replicationControllers, 'default/huge', { type: 'merge', body });
    await eventually(async () => (await client.list(pods)).items.length === 0, 10_000);
    await eventually(async () => (await failure()) === undefined, 5_000);
  },
);

t.test(
  'a quota that ends in the middle of a rollout holds it up, and it goes on when there is room',
  async (t) => {
    await setQuota('3');
    await client.create<Deployment>(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: template('web', 'i:1'),
      },
    });
    await eventually(async () => (await readyOf('web')).length === 3, 10_000);
    await client.patch(deployments, 'default/web', {
      type: 'merge',
      body: { spec: { template: template('web', 'i:2') } },
    });
    const condition = async () =>
      findCondition((await client.get(deployments, 'default/web')).status?.conditions, 'ReplicaFailure');
    await eventually(async () => (await condition())?.status === 'True', 10_000);
    t.match((await condition())?.message, /exceeded quota/);
    t.equal((await readyOf('web')).length, 3, 'what ran runs on');
    const cpu = await idleCpu();
    t.ok(cpu < MOST_CPU, `${cpu.toFixed(2)} of a core while it is held up`);
    await setQuota('4');
    await eventually(async () => {
      const ready = await readyOf('web');
      return ready.length === 3 && ready.every(({ spec }) => spec.containers[0]?.image === 'i:2');
    }, 70_000);
  },
);

t.test('what can never be right is refused with the field', async (t) => {
  const make = (spec: object) =>
    client.create<Deployment>(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'no', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'no' } }, template: template('no', 'i'), ...spec } as never,
    });
  await t.rejects(make({ replicas: -1 }), { code: 422, message: /spec.replicas/ });
  await t.rejects(make({ template: template('other', 'i') }), {
    code: 422,
    message: /selector.*does not match template/,
  });
  const impossible = { matchExpressions: [{ key: 'app', operator: 'In', values: [] }] };
  await t.rejects(make({ selector: impossible }), {
    code: 422,
    message: /spec.selector.matchExpressions\[0\].values/,
  });
});
