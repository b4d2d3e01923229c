// Cases of https://kubernetes.io/docs/tasks/run-application/configure-pdb/
import t, { type Test } from 'tap';
import { findCondition } from '../../../src/api/conditions.ts';
import { deployments } from '../../../src/api/kinds/deployment.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { podDisruptionBudgets } from '../../../src/api/kinds/pod-disruption-budget.ts';
import type { Deployment, Pod, PodDisruptionBudget, policy } from '../../../src/api/objects.ts';
import { DeploymentController } from '../../../src/controllers/deployment.ts';
import { DisruptionController } from '../../../src/controllers/disruption.ts';
import { decideBudget, sameBudgetStatus } from '../../../src/controllers/disruption-decision.ts';
import { ReplicaLoop } from '../../../src/controllers/replica-loop.ts';
import { replicaSetKind } from '../../../src/controllers/replica-owner.ts';
import { setPodStatus } from '../../support/acting-boards.ts';
import { makePod } from '../../support/make-pod.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { stored } from '../../support/scheduler-world.ts';
import { quiet, settles } from '../../support/settles.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');
const budget = (spec: Partial<policy.PodDisruptionBudgetSpec>, status?: object) =>
  stored<PodDisruptionBudget>(
    'PodDisruptionBudget',
    'web',
    { spec, ...(status ? { status } : {}) },
    'default',
  );
const healthy = (count: number): Pod[] =>
  Array.from({ length: count }, (_, i) => makePod({ name: `p${i}`, ready: true }));

const cases: [
  name: string,
  spec: Partial<policy.PodDisruptionBudgetSpec>,
  pods: Pod[],
  scale: number,
  expected: [
    expectedPods: number,
    desiredHealthy: number,
    currentHealthy: number,
    disruptionsAllowed: number,
  ],
][] = [
  ['minAvailable of the pods there are', { minAvailable: 2 }, healthy(3), 0, [3, 2, 3, 1]],
  ['more wanted than there are', { minAvailable: 5 }, healthy(3), 0, [3, 5, 3, 0]],
  ['minAvailable of nobody', { minAvailable: 0 }, [], 0, [0, 0, 0, 0]],
  ['a share of what the owner asks for, rounded up', { minAvailable: '50%' }, healthy(7), 7, [7, 4, 7, 3]],
  ['all must stay', { minAvailable: '100%' }, healthy(3), 3, [3, 3, 3, 0]],
  ['maxUnavailable of what the owner asks for', { maxUnavailable: 1 }, healthy(3), 4, [4, 3, 3, 0]],
  ['a share that may be gone is rounded up as well', { maxUnavailable: '30%' }, healthy(7), 7, [7, 4, 7, 3]],
  ['none may be gone', { maxUnavailable: 0 }, healthy(3), 3, [3, 3, 3, 0]],
  ['more may be gone than there are', { maxUnavailable: 9 }, healthy(3), 3, [3, 0, 3, 3]],
  [
    'an unready pod and one that is going are not healthy',
    { minAvailable: 1 },
    [
      ...healthy(2),
      makePod({ name: 'u', ready: false }),
      makePod({ name: 'g', ready: true, deletedAt: 'x' }),
    ],
    0,
    [4, 1, 2, 1],
  ],
];
for (const [name, spec, given, scale, expected] of cases) {
  t.test(`${name}: ${expected}`, async (t) => {
    const { status } = decideBudget(budget(spec), given, scale, NOW);
    t.same(
      [status.expectedPods, status.desiredHealthy, status.currentHealthy, status.disruptionsAllowed],
      expected,
    );
    t.match(status.conditions, [
      {
        type: 'DisruptionAllowed',
        status: expected[3] > 0 ? 'True' : 'False',
        reason: expected[3] > 0 ? 'SufficientPods' : 'InsufficientPods',
      },
    ]);
    const again = decideBudget(budget(spec, status), given, scale, NOW + 1000).status;
    t.ok(sameBudgetStatus(status, again), 'a second look changes nothing');
  });
}

t.test('a granted eviction counts as gone for two minutes, then no more, and that is told', async (t) => {
  const disruptedPods = { p0: '2026-01-01T01:00:00Z', gone: '2026-01-01T01:00:00Z' };
  const charged = budget({ minAvailable: 1 }, { disruptedPods });
  const early = decideBudget(charged, healthy(3), 0, NOW + 60_000);
  t.equal(early.status.disruptionsAllowed, 1);
  t.same(early.status.disruptedPods, { p0: '2026-01-01T01:00:00Z' });
  t.equal(early.lookAgainInMs, 60_000);
  const late = decideBudget(charged, healthy(3), 0, NOW + 120_000);
  t.equal(late.status.disruptionsAllowed, 2);
  t.equal(late.status.disruptedPods, undefined);
  t.same(
    late.notDeleted.map(({ metadata }) => metadata.name),
    ['p0'],
  );
});

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, options, clock } = cluster;
  await cluster.run(
    new DeploymentController(options),
    new ReplicaLoop({ ...options, replicaKind: replicaSetKind }),
    new DisruptionController(options),
  );
  const labels = { app: 'web' };
  const guard = (spec: object) =>
    client.create<PodDisruptionBudget>(podDisruptionBudgets, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { matchLabels: labels }, ...spec },
    });
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'e.com/c:1' }] } };
  const deploy = async (replicas: number) => {
    await client.create<Deployment>(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
      spec: { replicas, selector: { matchLabels: labels }, template },
    } as never);
    await settles(async () => (await client.list(pods)).items.length === replicas);
  };
  const status = async () => (await client.get(podDisruptionBudgets, 'default/web')).status;
  const ready = async () => {
    for (const pod of (await client.list(pods)).items) await setPodStatus(client, pod, 'True', clock.now());
  };
  return { ...cluster, guard, deploy, status, ready, template };
}

t.test('percentages are taken of what the Deployment asks for, and follow it', async (t) => {
  const { client, guard, deploy, status, ready } = await setUp(t);
  await deploy(4);
  await guard({ maxUnavailable: '25%' });
  await settles(async () => (await status())?.observedGeneration === 1);
  t.match(await status(), { expectedPods: 4, desiredHealthy: 3, currentHealthy: 0, disruptionsAllowed: 0 });
  await ready();
  await settles(async () => (await status())?.disruptionsAllowed === 1);
  await client.patch(deployments, 'default/web', { type: 'merge', body: { spec: { replicas: 8 } } });
  await settles(async () => (await status())?.expectedPods === 8);
  t.match(await status(), { desiredHealthy: 6, disruptionsAllowed: 0 });
});

t.test('pods without a controller, or with one that has no scale, are told of', async (t) => {
  const { client, guard, status, template, recorder } = await setUp(t);
  await guard({ maxUnavailable: 1 });
  await settles(() => recorder.lines.includes('NoPods: No matching pods found'));
  const metadata = { ...template.metadata, namespace: 'default' };
  const bare = { apiVersion: 'v1', kind: 'Pod', spec: template.spec };
  await client.create(pods, { ...bare, metadata: { ...metadata, name: 'alone' } } as never);
  const unmanaged =
    'UnmanagedPods: Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged.';
  await settles(() => recorder.lines.some((line) => line.startsWith(unmanaged)));
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true };
  await client.create(pods, {
    ...bare,
    metadata: { ...metadata, name: 'jobs', ownerReferences: [owner] },
  } as never);
  await settles(
    async () => findCondition((await status())?.conditions, 'DisruptionAllowed')?.reason === 'SyncFailed',
  );
  t.match(await status(), {
    disruptionsAllowed: 0,
    conditions: [{ status: 'False', message: 'jobs.batch does not implement the scale subresource' }],
  });
  const { resourceVersion } = await client.get(podDisruptionBudgets, 'default/web').then((b) => b.metadata);
  await quiet(200);
  t.equal((await client.get(podDisruptionBudgets, 'default/web')).metadata.resourceVersion, resourceVersion);
});

t.test('a budget that could not be computed at first does not count as seen', async (t) => {
  const { client, guard, status, template } = await setUp(t);
  const reference = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'gone', uid: 'u', controller: true };
  const metadata = { ...template.metadata, namespace: 'default', name: 'p', ownerReferences: [reference] };
  await client.create(pods, { apiVersion: 'v1', kind: 'Pod', spec: template.spec, metadata } as never);
  await guard({ maxUnavailable: 1 });
  await settles(async () => (await status())?.conditions !== undefined);
  t.match(await status(), {
    observedGeneration: 0,
    conditions: [{ reason: 'SyncFailed', message: 'found no controllers for pod "p"' }],
  });
});
