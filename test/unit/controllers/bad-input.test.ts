// What cannot be done costs next to nothing while it cannot be done: in an hour of fake time every attempt to write is
// counted, the refused ones too. What is said of it, and that it is done when the cause goes, is shown along with it.
// (Words and real boards: test/integration/controllers-bad-input.test.ts.)
import t, { type Test } from 'tap';
import { findCondition } from '../../../src/api/conditions.ts';
import { cronJobs } from '../../../src/api/kinds/cron-job.ts';
import { daemonSets } from '../../../src/api/kinds/daemon-set.ts';
import { deployments } from '../../../src/api/kinds/deployment.ts';
import { horizontalPodAutoscalers } from '../../../src/api/kinds/horizontal-pod-autoscaler.ts';
import { jobs } from '../../../src/api/kinds/job.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { replicaSets } from '../../../src/api/kinds/replica-set.ts';
import { resourceQuotas } from '../../../src/api/kinds/resource-quota.ts';
import { statefulSets } from '../../../src/api/kinds/stateful-set.ts';
import type { KubeObject, Pod } from '../../../src/api/objects.ts';
import type { KindDefinition } from '../../../src/api/scheme.ts';
import type { Client } from '../../../src/client/client.ts';
import { CronJobController } from '../../../src/controllers/cron-job.ts';
import { DaemonSetController } from '../../../src/controllers/daemon-set.ts';
import { DeploymentController } from '../../../src/controllers/deployment.ts';
import { HorizontalPodAutoscalerController } from '../../../src/controllers/horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts';
import { JobController } from '../../../src/controllers/job.ts';
import { ReplicaLoop } from '../../../src/controllers/replica-loop.ts';
import { replicaSetKind } from '../../../src/controllers/replica-owner.ts';
import { StatefulSetController } from '../../../src/controllers/stateful-set.ts';
import { Scheduler } from '../../../src/scheduler/scheduler.ts';
import { addNode, memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

const HUGE = 1_000_000_000;
const HOUR_STEPS = 120;
const STEP_MS = 30_000;
/** Back-off reaches a minute, so an hour sees some seventy tries of one object, and two writes to a try. */
const MOST_WRITES = 160;

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'updateStatus', 'patch', 'delete', 'bind']);

/** Counts every attempt to write, whatever comes of it. */
function counting(client: Client): { client: Client; attempts(): number } {
  let attempts = 0;
  const counted = new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (WRITES.has(String(name))) attempts += 1;
        return Reflect.apply(value, target, args);
      };
    },
  });
  return { client: counted, attempts: () => attempts };
}

const labels = { app: 'web' };
const template = (image = 'i:1') => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
});
const jobTemplate = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, attempts } = counting(cluster.client);
  const options = { ...cluster.options, client };
  await addNode(cluster.client, 'a');
  await cluster.run(
    new ReplicaLoop({ ...options, replicaKind: replicaSetKind }),
    new DeploymentController(options),
    new StatefulSetController(options),
    new DaemonSetController(options),
    new JobController(options),
    new CronJobController(options),
    new HorizontalPodAutoscalerController(options),
    new Scheduler(options),
  );
  const make = (kind: KindDefinition<never>, name: string, spec: object) =>
    cluster.client.create(
      kind as unknown as KindDefinition,
      {
        apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
        kind: kind.kind,
        metadata: { name, namespace: 'default' },
        spec,
      } as unknown as KubeObject,
    );
  const quota = async (count: number) => {
    const hard = { pods: String(count) };
    const known = (await cluster.client.list(resourceQuotas)).items.length > 0;
    if (known) {
      const body = { spec: { hard } };
      await cluster.client.patch(resourceQuotas, 'default/q', { type: 'merge', body });
    } else await make(resourceQuotas as never, 'q', { hard });
  };
  const all = async () => (await cluster.client.list<Pod>(pods)).items;
  return {
    ...cluster,
    make: (kind: unknown, name: string, spec: object) => make(kind as KindDefinition<never>, name, spec),
    quota,
    all,
    /** Attempts to write while an hour passes in which nothing changes. */
    async hour(): Promise<number> {
      await quiet();
      const before = attempts();
      for (let step = 0; step < HOUR_STEPS; step++) {
        await cluster.clock.advance(STEP_MS);
        await quiet(5);
      }
      return attempts() - before;
    },
    said: (line: RegExp) => cluster.recorder.lines.some((one) => line.test(one)),
  };
}

const rollingUpdate = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
const selector = { matchLabels: labels };
const huge: [what: string, kind: unknown, spec: object][] = [
  ['Deployment', deployments, { replicas: HUGE, selector, template: template() }],
  ['ReplicaSet', replicaSets, { replicas: HUGE, selector, template: template() }],
  [
    'StatefulSet, all at once',
    statefulSets,
    { replicas: HUGE, serviceName: 'web', podManagementPolicy: 'Parallel', selector, template: template() },
  ],
  ['Job', jobs, { parallelism: HUGE, template: jobTemplate }],
  [
    'Indexed Job',
    jobs,
    { completions: HUGE, parallelism: 100_000, completionMode: 'Indexed', template: jobTemplate },
  ],
];
for (const [what, kind, spec] of huge) {
  t.test(
    `${what}: a thousand million pods under a quota of 3 are 3 pods, and hardly a try more`,
    async (t) => {
      const lab = await setUp(t);
      await lab.quota(3);
      await lab.make(kind, 'web', spec);
      await settles(async () => (await lab.all()).length === 3);
      await settles(() => lab.said(/^FailedCreate: .*exceeded quota: q, requested: pods=1, used: pods=3/));
      const writes = await lab.hour();
      t.ok(writes < MOST_WRITES, `${writes} writes tried in an hour`);
      t.comment(`${writes} writes tried in an hour`);
      await lab.quota(5);
      await lab.clock.advance(60_000);
      await settles(async () => (await lab.all()).length === 5);
    },
  );
}

t.test('an ordered StatefulSet of a thousand million makes its first pod, and waits for it', async (t) => {
  const lab = await setUp(t);
  await lab.make(statefulSets, 'web', { replicas: HUGE, serviceName: 'web', selector, template: template() });
  await settles(async () => (await lab.all()).length === 1);
  t.equal(await lab.hour(), 0);
  const body = { spec: { replicas: 0 } };
  await lab.client.patch(statefulSets, 'default/web', { type: 'merge', body });
  await settles(async () => (await lab.all()).every(({ metadata }) => metadata.deletionTimestamp));
});

t.test('zero replicas are no pods, and that is well', async (t) => {
  const lab = await setUp(t);
  await lab.make(deployments, 'web', { replicas: 0, selector, template: template() });
  const status = async () => (await lab.client.get(deployments, 'default/web')).status;
  await settles(
    async () =>
      findCondition((await status())?.conditions, 'Available')?.reason === 'MinimumReplicasAvailable',
  );
  await settles(
    async () =>
      findCondition((await status())?.conditions, 'Progressing')?.reason === 'NewReplicaSetAvailable',
  );
  t.equal(await lab.hour(), 0);
  t.same(await lab.all(), []);
});

t.test('a cron schedule that never comes costs nothing, and goes once it is mended', async (t) => {
  const lab = await setUp(t);
  await lab.make(cronJobs, 'never', {
    schedule: '0 0 31 2 *',
    timeZone: 'Europe/Berlin',
    jobTemplate: { spec: { template: jobTemplate } },
  });
  const before = performance.now();
  t.equal(await lab.hour(), 0);
  t.ok(performance.now() - before < 10_000);
  t.same((await lab.client.list(jobs)).items, []);
  const body = { spec: { schedule: '* * * * *' } };
  await lab.client.patch(cronJobs, 'default/never', { type: 'merge', body });
  await lab.clock.advance(61_000);
  await settles(async () => (await lab.client.list(jobs)).items.length > 0);
});

t.test(
  'an autoscaler of a target that is not there says so once a look, and works when it comes',
  async (t) => {
    const lab = await setUp(t);
    await lab.make(horizontalPodAutoscalers, 'web', {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 2,
      maxReplicas: 4,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
    });
    const able = async () => {
      const { status } = await lab.client.get(horizontalPodAutoscalers, 'default/web');
      return findCondition(status?.conditions, 'AbleToScale')?.reason;
    };
    await settles(async () => (await able()) === 'FailedGetScale');
    lab.recorder.events.length = 0;
    t.equal(await lab.hour(), 0, 'the status says it already');
    t.equal(lab.recorder.events.length, HOUR_STEPS, 'one event to a look, which the recorder counts as one');
    await lab.make(deployments, 'web', { replicas: 1, selector, template: template() });
    await lab.clock.advance(30_000);
    await settles(async () => (await lab.client.get(deployments, 'default/web')).spec.replicas === 2);
    t.equal(await able(), 'SucceededRescale');
  },
);

t.test('a pod that no board can hold is said to be so once, and goes when one can', async (t) => {
  const lab = await setUp(t);
  const spec = { nodeSelector: { camera: 'yes' }, containers: [{ name: 'c', image: 'i' }] };
  await lab.make(pods, 'picky', spec);
  const placed = async () => (await lab.client.get(pods, 'default/picky')).spec.nodeName;
  await settles(() => lab.said(/^FailedScheduling: 0\/1 nodes are available: 1 node\(s\) didn't match/));
  t.equal(await lab.hour(), 0);
  await lab.client.patch(nodes, 'a', { type: 'merge', body: { metadata: { labels: { camera: 'yes' } } } });
  await lab.clock.advance(20_000);
  await settles(async () => (await placed()) === 'a');
});

t.test('a rollout that runs out of quota stands still and says why; with room it goes on', async (t) => {
  const lab = await setUp(t);
  await lab.quota(2);
  await lab.make(deployments, 'web', {
    replicas: 2,
    selector,
    strategy: rollingUpdate,
    template: template(),
  });
  await settles(async () => (await lab.all()).length === 2);
  const body = { spec: { template: template('i:2') } };
  await lab.client.patch(deployments, 'default/web', { type: 'merge', body });
  const failure = async () => {
    const { status } = await lab.client.get(deployments, 'default/web');
    return findCondition(status?.conditions, 'ReplicaFailure');
  };
  await settles(async () => (await failure())?.reason === 'FailedCreate');
  t.match((await failure())?.message, /exceeded quota: q/);
  const writes = await lab.hour();
  t.ok(writes < MOST_WRITES, `${writes} writes tried in an hour`);
  const { status } = await lab.client.get(deployments, 'default/web');
  t.equal(findCondition(status?.conditions, 'Progressing')?.reason, 'ProgressDeadlineExceeded');
  t.equal((await lab.all()).filter(({ spec }) => spec.containers[0]?.image === 'i:1').length, 2);
  await lab.quota(3);
  await lab.clock.advance(60_000);
  await settles(async () => (await lab.all()).some(({ spec }) => spec.containers[0]?.image === 'i:2'));
});

const other = { metadata: { labels: { app: 'other' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const contrary = {
  matchExpressions: [
    { key: 'app', operator: 'In', values: ['web'] },
    { key: 'app', operator: 'NotIn', values: ['web'] },
  ],
};
const owners: [kind: KindDefinition, more: object][] = [
  [deployments as unknown as KindDefinition, {}],
  [replicaSets as unknown as KindDefinition, {}],
  [daemonSets as unknown as KindDefinition, {}],
  [statefulSets as unknown as KindDefinition, { serviceName: 'web' }],
];
for (const [kind, more] of owners) {
  t.test(
    `${kind.kind}: a selector that its template does not match, or nothing can, is refused`,
    async (t) => {
      const { make } = await setUp(t);
      const refused = {
        code: 422,
        message: /spec.template.metadata.labels: .*`selector` does not match template/,
      };
      await t.rejects(make(kind, 'web', { ...more, selector, template: other }), refused);
      await t.rejects(make(kind, 'web', { ...more, selector: contrary, template: template() }), refused);
      await t.rejects(make(kind, 'web', { ...more, selector: {}, template: template() }), { code: 422 });
    },
  );
}
