// An application's own number: from its pod's token through the broker to the replicas of its Deployment, and who
// may not say it.
import t from 'tap';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { horizontalPodAutoscalers } from '../../src/api/kinds/horizontal-pod-autoscaler.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { serviceAccounts } from '../../src/api/kinds/service-account.ts';
import type {
  Deployment,
  HorizontalPodAutoscaler,
  KubeObject,
  Pod,
  ReplicaSet,
  ServiceAccount,
} from '../../src/api/objects.ts';
import { allKinds } from '../../src/api/scheme-table.ts';
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { HorizontalPodAutoscalerController } from '../../src/controllers/horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { MQTT_AUDIENCE, PodPeers } from '../../src/gateway/pod-peers.ts';
import type { PodOf } from '../../src/mqtt/gatekeeper.ts';
import { NO_OBJECT, topics } from '../../src/mqtt/topics.ts';
import { startApiServer } from '../support/api-server.ts';
import { eventually } from '../support/eventually.ts';
import { MqttLab, type RawClient } from '../support/mqtt-lab.ts';

const api = await startApiServer();
t.teardown(() => api.stop());
const { client, tokens } = api.server;
let podOf: PodOf = () => undefined;
const lab = await MqttLab.start(t, { podOf: (token) => podOf(token) });
const shared = { clock: systemClock, logger: silentLogger, recorder: { record: () => {} } };
const informers = new InformerFactory({ client, ...shared });
const peers = new PodPeers(tokens, informers);
podOf = (token) => peers.identify(token);
const gateway = new Gateway({
  ...shared,
  client,
  informers,
  bus: lab.broker,
  epoch: 'e',
  kinds: allKinds,
  network: defaultClusterNetwork,
});
const customMetrics = gateway.appMetrics;
const scaler = new HorizontalPodAutoscalerController({
  ...shared,
  client,
  informers,
  customMetrics,
  syncPeriodMs: 100,
});
const all = sequence([informers, gateway, scaler]);
await all.start();
t.teardown(() => all.stop());

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'i' }] } };
const ownedBy = ({ apiVersion, kind, metadata: { name, uid } }: KubeObject) => [
  { apiVersion, kind, name, uid, controller: true },
];
await client.create<ServiceAccount>(serviceAccounts, {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: 'default' },
});
const web = await client.create<Deployment>(deployments, {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas: 1, selector: { matchLabels: labels }, template },
});
const set = await client.create<ReplicaSet>(replicaSets, {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web-1', namespace: 'default', ownerReferences: ownedBy(web) },
  spec: { replicas: 1, selector: { matchLabels: labels }, template },
});
const addPod = async (name: string): Promise<Pod> => {
  const pod = await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels, ownerReferences: ownedBy(set) },
    spec: template.spec,
  });
  const conditions = [{ type: 'Ready', status: 'True' } as const];
  return client.updateStatus<Pod>(pods, { ...pod, status: { phase: 'Running', conditions } });
};
const first = await addPod('web-1-a');
await addPod('web-1-b');

async function tokenFor({ metadata: { name, uid } }: Pod, audience = MQTT_AUDIENCE): Promise<string> {
  const { metadata } = await client.get(serviceAccounts, 'default/default');
  const account = { name: metadata.name, uid: metadata.uid };
  const wanted = { namespace: 'default', account, pod: { name, uid }, expirationSeconds: 600 };
  return tokens.issueForPod({ ...wanted, audience }).token;
}

const metricOf = (kind: string, name: string, metric = 'hits') =>
  topics.appMetric('default', kind, name, metric);
const found = (kind: string, name: string, metric = 'hits') =>
  gateway.appMetrics.find('default', kind, name, metric)?.milli;

/** Resolves when the broker has closed the connection. */
async function isClosed({ mqtt }: RawClient, act: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) => mqtt.once('close', () => resolve()));
  act();
  await closed;
}

t.test('a pod says numbers about itself and the controllers above it, in both forms', async (t) => {
  const { mqtt } = await lab.application(await tokenFor(first));
  await mqtt.publishAsync(metricOf('Pod', 'web-1-a'), '12.5', { qos: 1 });
  await mqtt.publishAsync(metricOf('ReplicaSet', 'web-1'), '"250m"', { qos: 1 });
  const value = JSON.stringify({ value: 7, timestamp: '2026-01-01T00:00:00Z' });
  await mqtt.publishAsync(metricOf('Deployment', 'web'), value, { qos: 1 });
  await eventually(() => found('Deployment', 'web') === 7000);
  t.equal(found('Pod', 'web-1-a'), 12_500);
  t.equal(found('ReplicaSet', 'web-1'), 250);
  const older = JSON.stringify({ value: 9, timestamp: '2025-01-01T00:00:00Z' });
  await mqtt.publishAsync(metricOf('Deployment', 'web'), older, { qos: 1 });
  for (const nonsense of ['', 'soon', '{', '[1]', '{"value":null}', '{"value":1,"timestamp":"x"}']) {
    await mqtt.publishAsync(metricOf('Deployment', 'web'), nonsense, { qos: 1 });
  }
  await mqtt.publishAsync(metricOf('Pod', 'web-1-a', 'last'), '1', { qos: 1, retain: true });
  await eventually(() => found('Pod', 'web-1-a', 'last') === 1000);
  t.equal(found('Deployment', 'web'), 7000, 'neither late numbers nor nonsense count');
  t.same([...lab.broker.retained('edge/v1/metrics/#')], [], 'nothing is retained');
});

t.test('it cannot say anything about another, nor on any other topic', async (t) => {
  const token = await tokenFor(first);
  const foreign = [
    metricOf('Pod', 'web-1-b'),
    metricOf('Deployment', 'other'),
    topics.appMetric('kube-system', 'Pod', 'web-1-a', 'hits'),
    `${metricOf('Pod', 'web-1-a')}/more`,
    topics.heartbeat('a'),
    topics.desired('a', 'pods', 'default/web'),
  ];
  for (const topic of foreign) {
    const refused = await lab.application(token);
    await isClosed(refused, () => refused.mqtt.publish(topic, '1'));
  }
  t.equal(found('Pod', 'web-1-b'), undefined);
});

t.test('about no object it says numbers in its own namespace, for all to scale by', async (t) => {
  const { mqtt } = await lab.application(await tokenFor(first));
  await mqtt.publishAsync(topics.appMetric('default', NO_OBJECT, 'orders', 'waiting'), '42', { qos: 1 });
  await mqtt.publishAsync(topics.appMetric('default', NO_OBJECT, 'no label!', 'waiting'), '1', { qos: 1 });
  await eventually(() => gateway.appMetrics.series('default', 'waiting').length > 0);
  t.match(gateway.appMetrics.series('default', 'waiting'), [{ name: 'orders', milli: 42_000 }]);
  t.equal(
    gateway.appMetrics.series('default', 'waiting').length,
    1,
    'a series is named by a value of a label',
  );
  t.same(gateway.appMetrics.series('other', 'waiting'), []);
  const foreign = topics.appMetric('kube-system', NO_OBJECT, 'orders', 'waiting');
  await isClosed({ mqtt } as RawClient, () => mqtt.publish(foreign, '1'));
});

t.test('it reads nothing', async (t) => {
  const { mqtt, received } = await lab.application(await tokenFor(first));
  for (const filter of ['#', 'edge/v1/#', metricOf('Pod', 'web-1-a')]) {
    const answer = await mqtt.subscribeAsync(filter).catch((error: Error) => error);
    t.ok(answer instanceof Error || answer.every(({ qos }) => qos === 128), filter);
  }
  await mqtt.publishAsync(metricOf('Pod', 'web-1-a'), '1', { qos: 1 });
  t.same(received, []);
});

t.test('who has no token, one for somebody else, or one of a pod that is gone is not let in', async (t) => {
  const gone = await addPod('gone');
  const stale = await tokenFor(gone);
  await client.delete(pods, 'default/gone', { gracePeriodSeconds: 0 });
  const wrong = ['', 'nonsense', stale, await tokenFor(first, ''), await tokenFor(first, 'vault')];
  for (const password of wrong) await t.rejects(lab.application(password), password.slice(0, 9));
  const board = await lab.client('a');
  t.ok(board.mqtt.connected, 'boards come with their certificate as before');
});

t.test('its own number scales the Deployment', async (t) => {
  await client.create<HorizontalPodAutoscaler>(horizontalPodAutoscalers, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 9,
      metrics: [
        {
          type: 'Pods',
          pods: { metric: { name: 'load' }, target: { type: 'AverageValue', averageValue: '10' } },
        },
      ],
    },
  });
  const { mqtt } = await lab.application(await tokenFor(first));
  const other = await lab.application(await tokenFor(await client.get(pods, 'default/web-1-b')));
  await mqtt.publishAsync(metricOf('Pod', 'web-1-a', 'load'), '20', { qos: 1 });
  await other.mqtt.publishAsync(metricOf('Pod', 'web-1-b', 'load'), '20', { qos: 1 });
  await eventually(async () => (await client.get(deployments, 'default/web')).spec.replicas === 4);
  const { status } = await client.get(horizontalPodAutoscalers, 'default/web');
  t.match(status?.conditions, [{ type: 'AbleToScale' }, { type: 'ScalingActive', status: 'True' }, {}]);
});
