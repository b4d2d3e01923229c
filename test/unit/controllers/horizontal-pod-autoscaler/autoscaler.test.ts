// Conditions, reasons, messages and events as upstream's pkg/controller/podautoscaler/horizontal.go and
// replica_calculator.go write them, and
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/ shows them.
import t, { type Test } from 'tap';
import { findCondition } from '../../../../src/api/conditions.ts';
import { deployments } from '../../../../src/api/kinds/deployment.ts';
import { horizontalPodAutoscalers } from '../../../../src/api/kinds/horizontal-pod-autoscaler.ts';
import { pods } from '../../../../src/api/kinds/pod.ts';
import type { autoscaling, Deployment, HorizontalPodAutoscaler, Pod } from '../../../../src/api/objects.ts';
import type { PodUsage } from '../../../../src/apiserver/measured/usage-source.ts';
import { defaultClusterNetwork } from '../../../../src/base/cluster-network.ts';
import { HorizontalPodAutoscalerController } from '../../../../src/controllers/horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts';
import type { CustomMetric } from '../../../../src/controllers/horizontal-pod-autoscaler/metric-reader.ts';
import { memoryCluster } from '../../../support/memory-cluster.ts';
import { quiet, settles } from '../../../support/settles.ts';

type Spec = Partial<autoscaling.HorizontalPodAutoscalerSpec>;

const cpu = (averageUtilization: number): autoscaling.MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const hits: autoscaling.MetricSpec = {
  type: 'Pods',
  pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } },
};
const shrinkAtOnce = { scaleDown: { stabilizationWindowSeconds: 0 } };

async function setUp(t: Test) {
  /** Millicores of each pod; `undefined` = not known. */
  const used = new Map<string, number | undefined>();
  const published = new Map<string, CustomMetric>();
  const uids = new Map<string, string>();
  const usages = function* (): Generator<PodUsage> {
    for (const [name, milli] of used) {
      if (milli === undefined) continue;
      const containers = { main: { cpuNanocores: milli * 1e6, workingSetBytes: 1e6 } };
      const atMs = cluster.clock.now();
      yield { key: `default/${name}`, uid: uids.get(name) ?? '', atMs, windowMs: 60_000, containers };
    }
  };
  const cluster = await memoryCluster(defaultClusterNetwork, { nodes: () => [], pods: usages });
  t.teardown(() => cluster.stop());
  const { client, clock } = cluster;
  const labels = { app: 'web' };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '400m' } } }] },
  };
  const addPod = async (name: string, milli: number | undefined) => {
    const pod = await client.create<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels },
      spec: template.spec,
    });
    const startTime = new Date(clock.now() - 3_600_000).toISOString().replace('.000', '');
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: startTime }] as const;
    const status = { phase: 'Running', startTime, conditions: [...conditions] };
    await client.updateStatus<Pod>(pods, { ...pod, status });
    uids.set(name, pod.metadata.uid);
    used.set(name, milli);
  };
  await client.create<Deployment>(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  });
  await addPod('web-1', 200);
  await addPod('web-2', 200);
  const controller = new HorizontalPodAutoscalerController({
    ...cluster.options,
    customMetrics: {
      find: (...path) => published.get(path.join('/')),
      series: (namespace, metric) =>
        [...published].flatMap(([path, value]) => {
          const [within, kind, name = '', what] = path.split('/');
          return within === namespace && kind === '_' && what === metric ? [{ ...value, name }] : [];
        }),
    },
  });
  await cluster.run(controller);
  const get = (name = 'web') => client.get(horizontalPodAutoscalers, `default/${name}`);
  return {
    ...cluster,
    used,
    published,
    addPod,
    get,
    replicas: async () => (await client.get(deployments, 'default/web')).spec.replicas,
    setReplicas: (replicas: number) =>
      client.patch(deployments, 'default/web', { type: 'merge', body: { spec: { replicas } } }),
    make: (spec: Spec = {}, name = 'web') =>
      client.create<HorizontalPodAutoscaler>(horizontalPodAutoscalers, {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name, namespace: 'default' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          maxReplicas: 5,
          metrics: [cpu(50)],
          ...spec,
        },
      }),
    round: async () => {
      await quiet();
      await clock.advance(30_000);
      await quiet();
    },
    condition: async (type: string) => {
      const { status = '', reason = '' } = findCondition((await get()).status?.conditions, type) ?? {};
      return `${status} ${reason}`;
    },
  };
}

t.test('load above the target adds replicas, and the status says why', async (t) => {
  const lab = await setUp(t);
  await lab.make();
  await settles(async () => (await lab.condition('ScalingActive')) === 'True ValidMetricFound');
  t.equal(await lab.replicas(), 2, 'half of the request is what is wanted');
  t.match((await lab.get()).status, {
    currentReplicas: 2,
    desiredReplicas: 2,
    currentMetrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '200m' } },
      },
    ],
  });
  lab.used.set('web-1', 400).set('web-2', 400);
  await lab.round();
  t.equal(await lab.replicas(), 4);
  t.equal(await lab.condition('AbleToScale'), 'True SucceededRescale');
  t.ok((await lab.get()).status?.lastScaleTime);
  t.match(lab.recorder.lines, [
    'SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target',
  ]);
});

t.test('less load takes replicas away, after five minutes unless the spec says otherwise', async (t) => {
  const lab = await setUp(t);
  await lab.make();
  lab.used.set('web-1', 50).set('web-2', 50);
  await lab.round();
  t.equal(await lab.condition('AbleToScale'), 'True ScaleDownStabilized');
  t.equal(await lab.replicas(), 2);
  for (let n = 0; n < 10; n += 1) await lab.round();
  t.equal(await lab.replicas(), 1);
  t.match(lab.recorder.lines.at(-1), 'SuccessfulRescale: New size: 1; reason: All metrics below target');
  const quick = await setUp(t);
  quick.used.set('web-1', 50).set('web-2', 50);
  await quick.make({ behavior: shrinkAtOnce });
  await settles(async () => (await quick.replicas()) === 1);
});

t.test('figures that move write nothing to disk; what lasts does', async (t) => {
  const lab = await setUp(t);
  await lab.make();
  await lab.round();
  const before = lab.commits();
  for (const milli of [201, 203, 205, 207]) {
    lab.used.set('web-1', milli);
    await lab.round();
    const { currentMetrics } = (await lab.get()).status ?? {};
    t.equal(currentMetrics?.[0]?.resource?.current.averageValue, `${Math.trunc((milli + 200) / 2)}m`);
  }
  t.equal(lab.commits(), before);
  lab.used.set('web-1', undefined).set('web-2', undefined);
  await lab.round();
  t.equal(await lab.condition('ScalingActive'), 'False FailedGetResourceMetric');
  t.ok(lab.commits() > before);
});

t.test('without autoscalers nothing is looked at; a new spec is looked at once', async (t) => {
  const lab = await setUp(t);
  await lab.make({ maxReplicas: 2 });
  lab.used.set('web-1', 400).set('web-2', 400);
  await lab.round();
  t.equal(await lab.condition('ScalingLimited'), 'True TooManyReplicas');
  t.equal(await lab.replicas(), 2);
  const body = { spec: { maxReplicas: 3 } };
  await lab.client.patch(horizontalPodAutoscalers, 'default/web', { type: 'merge', body });
  await settles(async () => (await lab.replicas()) === 3);
  await lab.client.delete(horizontalPodAutoscalers, 'default/web');
  await lab.setReplicas(1);
  for (let n = 0; n < 3; n += 1) await lab.round();
  t.equal(await lab.replicas(), 1);
});

t.test('bounds come first, and a target at zero is left alone', async (t) => {
  const lab = await setUp(t);
  await lab.make({ minReplicas: 3 });
  await settles(async () => (await lab.replicas()) === 3);
  t.match(lab.recorder.lines, [/New size: 3; reason: Current number of replicas below Spec.MinReplicas/]);
  await lab.setReplicas(9);
  await lab.round();
  t.equal(await lab.replicas(), 5);
  await lab.setReplicas(0);
  await lab.round();
  t.equal(await lab.replicas(), 0);
  t.equal(await lab.condition('ScalingActive'), 'False ScalingDisabled');
});

t.test('a queue that is empty takes the target to zero, and one that fills up wakes it', async (t) => {
  // Source: horizontal.go reconcileAutoscaler, KEP-2021
  const lab = await setUp(t);
  const queued = (jobs: number) =>
    lab.published.set('default/_/worker/queue', { milli: jobs * 1000, atMs: lab.clock.now() });
  const external = { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } };
  queued(0);
  await lab.make({ minReplicas: 0, metrics: [{ type: 'External', external }], behavior: shrinkAtOnce });
  await settles(async () => (await lab.replicas()) === 0);
  t.equal(await lab.condition('ScaledToZero'), 'True ScaledToZero');
  queued(11);
  await lab.round();
  t.equal(await lab.replicas(), 3);
  t.equal(await lab.condition('ScaledToZero'), 'False NotScaledToZero');
  t.equal(
    lab.recorder.lines.at(-1),
    'SuccessfulRescale: New size: 3; reason: external metric queue(nil) above target',
  );
  await lab.setReplicas(0);
  await lab.round();
  t.equal(await lab.replicas(), 0, 'who is at zero by another hand stays there');
  t.equal(await lab.condition('ScalingActive'), 'False ScalingDisabled');
});

t.test('one at zero whose minimum is raised comes back', async (t) => {
  const lab = await setUp(t);
  lab.published.set('default/_/worker/queue', { milli: 0, atMs: lab.clock.now() });
  const external = { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } };
  await lab.make({ minReplicas: 0, metrics: [{ type: 'External', external }], behavior: shrinkAtOnce });
  await settles(async () => (await lab.replicas()) === 0);
  const body = { spec: { minReplicas: 2 } };
  await lab.client.patch(horizontalPodAutoscalers, 'default/web', { type: 'merge', body });
  await settles(async () => (await lab.replicas()) === 2);
  t.match(lab.recorder.lines.at(-1), 'reason: Current number of replicas below Spec.MinReplicas');
});

t.test('an external metric that is not there is told by its own name', async (t) => {
  const lab = await setUp(t);
  const external = { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } };
  await lab.make({ metrics: [{ type: 'External', external }] });
  await settles(async () => (await lab.condition('ScalingActive')) === 'False FailedGetExternalMetric');
  const why =
    'unable to get external metric default/queue/nil: no metrics returned from external metrics API';
  t.same(lab.recorder.lines, [
    `FailedGetExternalMetric: ${why}`,
    `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get queue external metric value: failed to get queue external metric: ${why}`,
  ]);
});

t.test('the metric that asks for most decides; one that fails forbids to shrink', async (t) => {
  const lab = await setUp(t);
  const publish = (pod: string, value: number) =>
    lab.published.set(`default/Pod/${pod}/hits`, { milli: value * 1000, atMs: lab.clock.now() });
  publish('web-1', 20);
  publish('web-2', 20);
  lab.used.set('web-1', 50).set('web-2', 50);
  await lab.make({ metrics: [cpu(50), hits], behavior: shrinkAtOnce });
  await settles(async () => (await lab.replicas()) === 4);
  t.match(lab.recorder.lines, ['SuccessfulRescale: New size: 4; reason: pods metric hits above target']);
  lab.published.clear();
  await lab.round();
  t.equal(await lab.replicas(), 4);
  t.equal(await lab.condition('ScalingActive'), 'False FailedGetPodsMetric');
  t.match(lab.recorder.lines.at(-1), /^FailedComputeMetricsReplicas: invalid metrics \(1 invalid out of 2\)/);
});

t.test('a number about the target itself scales it', async (t) => {
  const lab = await setUp(t);
  const describedObject = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const object = {
    describedObject,
    metric: { name: 'queue' },
    target: { type: 'AverageValue', averageValue: '5' },
  };
  const target = await lab.client.get(deployments, 'default/web');
  await lab.client.updateStatus<Deployment>(deployments, { ...target, status: { replicas: 2 } });
  lab.published.set('default/Deployment/web/queue', { milli: 20_000, atMs: 0 });
  await lab.make({ metrics: [{ type: 'Object', object }] });
  await settles(async () => (await lab.replicas()) === 4);
});

t.test('what is wrong is said in conditions and events, and mends itself', async (t) => {
  const lab = await setUp(t);
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gone' };
  await lab.make({ scaleTargetRef: reference });
  await settles(async () => (await lab.condition('AbleToScale')) === 'False FailedGetScale');
  t.same(lab.recorder.lines, ['FailedGetScale: deployments/scale.apps "gone" not found']);
  t.equal(
    findCondition((await lab.get()).status?.conditions, 'AbleToScale')?.message,
    'the HPA controller was unable to get the target\'s current scale: deployments/scale.apps "gone" not found',
  );
  const patch = (spec: object) =>
    lab.client.patch(horizontalPodAutoscalers, 'default/web', { type: 'merge', body: { spec } });
  await patch({ scaleTargetRef: { ...reference, kind: 'Gadget' } });
  const unknown = 'FailedGetScale: no matches for kind "Gadget" in group "apps"';
  await settles(() => lab.recorder.lines.includes(unknown));
  await patch({ scaleTargetRef: { ...reference, name: 'web' } });
  await settles(async () => (await lab.condition('ScalingActive')) === 'True ValidMetricFound');
  t.equal(await lab.condition('AbleToScale'), 'True ReadyForNewScale');
});

t.test('two autoscalers on the same pods stop each other', async (t) => {
  const lab = await setUp(t);
  await lab.make({}, 'other');
  await quiet();
  lab.used.set('web-1', 400).set('web-2', 400);
  await lab.make();
  await settles(async () => (await lab.condition('ScalingActive')) === 'False AmbiguousSelector');
  t.match(lab.recorder.lines, [
    'AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [{other default} {web default}]',
    /^FailedComputeMetricsReplicas: pods by selector app=web are controlled by multiple HPAs/,
  ]);
  await lab.client.delete(horizontalPodAutoscalers, 'default/other');
  await lab.round();
  t.equal(await lab.replicas(), 4);
});

t.test('a pod without a request has no share to be measured by', async (t) => {
  const lab = await setUp(t);
  await lab.client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bare', namespace: 'default', labels: { app: 'web' } },
    spec: { containers: [{ name: 'main', image: 'i' }] },
  });
  await lab.make();
  await settles(async () => (await lab.condition('ScalingActive')) === 'False FailedGetResourceMetric');
  t.match(lab.recorder.lines[0], /missing request for cpu in container main of Pod bare/);
});

/** The words that upstream has for each failure: reason of the condition, its message, and the events. */
const failures: { what: string; spec: Spec; reason: string; message: string; summary?: string }[] = [
  {
    what: 'a Pods metric that nobody publishes',
    spec: { metrics: [hits] },
    reason: 'FailedGetPodsMetric',
    message:
      'unable to get metric hits: unable to fetch metrics from custom metrics API: the server could not find the metric hits for pods',
    summary: 'failed to get pods metric value',
  },
  {
    what: 'an Object metric that nobody publishes',
    spec: {
      metrics: [
        {
          type: 'Object',
          object: {
            describedObject: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
            metric: { name: 'queue' },
            target: { type: 'Value', value: '5' },
          },
        },
      ],
    },
    reason: 'FailedGetObjectMetric',
    message:
      'unable to get metric queue on Deployment default/web: unable to fetch metrics from custom metrics API: the server could not find the metric queue for Deployment web',
    summary: 'failed to get object metric value',
  },
  {
    what: 'an External metric that nobody publishes',
    spec: {
      metrics: [
        {
          type: 'External',
          external: { metric: { name: 'queue' }, target: { type: 'Value', value: '5' } },
        },
      ],
    },
    reason: 'FailedGetExternalMetric',
    message: 'unable to get external metric default/queue/nil: no metrics returned from external metrics API',
    summary: 'failed to get queue external metric value: failed to get external metric queue',
  },
  {
    what: 'a container that no pod has',
    spec: {
      metrics: [
        {
          type: 'ContainerResource',
          containerResource: {
            name: 'cpu',
            container: 'side',
            target: { type: 'Utilization', averageUtilization: 50 },
          },
        },
      ],
    },
    reason: 'FailedGetContainerResourceMetric',
    message:
      'failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)',
    summary: 'failed to get side container metric value',
  },
];

for (const { what, spec, reason, message, summary } of failures) {
  t.test(`${what} is told as upstream tells it`, async (t) => {
    const lab = await setUp(t);
    await lab.make(spec);
    await settles(async () => (await lab.condition('ScalingActive')) === `False ${reason}`);
    const condition = findCondition((await lab.get()).status?.conditions, 'ScalingActive');
    t.equal(condition?.message, `the HPA was unable to compute the replica count: ${message}`);
    t.same(lab.recorder.lines, [
      `${reason}: ${message}`,
      `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: ${summary}: ${message}`,
    ]);
  });
}

t.test('an External metric is the sum over the series that its selector leaves', async (t) => {
  const lab = await setUp(t);
  const target = await lab.client.get(deployments, 'default/web');
  await lab.client.updateStatus<Deployment>(deployments, { ...target, status: { replicas: 2 } });
  lab.published.set('default/_/orders/waiting', { milli: 15_000, atMs: 0 });
  lab.published.set('default/_/returns/waiting', { milli: 5_000, atMs: 0 });
  lab.published.set('other/_/orders/waiting', { milli: 90_000, atMs: 0 });
  const external = (selector?: object) => ({
    type: 'External',
    external: {
      metric: { name: 'waiting', ...(selector ? { selector } : {}) },
      target: { type: 'AverageValue', averageValue: '5' },
    },
  });
  await lab.make({ metrics: [external()], behavior: shrinkAtOnce });
  await settles(async () => (await lab.replicas()) === 4);
  t.same(lab.recorder.lines, [
    'SuccessfulRescale: New size: 4; reason: external metric waiting(nil) above target',
  ]);
  t.match((await lab.get()).status?.currentMetrics, [
    { type: 'External', external: { metric: { name: 'waiting' }, current: { averageValue: '10' } } },
  ]);
  const metrics = [external({ matchLabels: { series: 'orders' } })];
  await lab.client.patch(horizontalPodAutoscalers, 'default/web', {
    type: 'merge',
    body: { spec: { metrics } },
  });
  await settles(async () => (await lab.replicas()) === 3);
  t.equal(await lab.condition('ScalingActive'), 'True ValidMetricFound');
  const found = findCondition((await lab.get()).status?.conditions, 'ScalingActive');
  t.match(found?.message, /calculate a replica count from external metric waiting\(&LabelSelector\{/);
});
