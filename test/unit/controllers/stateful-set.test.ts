// Words of events are from upstream's pkg/controller/statefulset (stateful_pod_control.go), rules from
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
import t, { type Test } from 'tap';
import { controllerRevisions } from '../../../src/api/kinds/controller-revision.ts';
import { persistentVolumes } from '../../../src/api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../../src/api/kinds/persistent-volume-claim.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { statefulSets } from '../../../src/api/kinds/stateful-set.ts';
import { keyOf, type PersistentVolume, type Pod, type StatefulSet } from '../../../src/api/objects.ts';
import type { Client } from '../../../src/client/client.ts';
import { NodeLifecycleController } from '../../../src/controllers/node-lifecycle.ts';
import { StatefulSetController } from '../../../src/controllers/stateful-set.ts';
import { TaintEvictionController } from '../../../src/controllers/taint-eviction.ts';
import { REVISION_LABEL } from '../../../src/controllers/template-revision.ts';
import { Scheduler } from '../../../src/scheduler/scheduler.ts';
import { actUntilRest, type BoardsActing, setPodStatus } from '../../support/acting-boards.ts';
import { addNode, memoryCluster, setNodeReady } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

const KEY = 'default/web';

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, options } = cluster;
  for (const board of ['a', 'b']) await addNode(client, board);
  await cluster.run(
    new NodeLifecycleController(options),
    new TaintEvictionController(options),
    new StatefulSetController(options),
    new Scheduler(options),
  );
  const make = (spec: object = {}) =>
    client.create<StatefulSet>(statefulSets, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        serviceName: 'web',
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'e.com/c:1' }] },
        },
        ...spec,
      },
    });
  const all = async () => (await client.list(pods, { namespace: 'default' })).items;
  const names = async () => (await all()).map(({ metadata }) => metadata.name).sort();
  const images = async () =>
    Object.fromEntries((await all()).map(({ metadata, spec }) => [metadata.name, spec.containers[0]?.image]));
  const patch = (spec: object) => client.patch(statefulSets, KEY, { type: 'strategic', body: { spec } });
  const setImage = (image: string) => patch({ template: { spec: { containers: [{ name: 'c', image }] } } });
  const status = async () => (await client.get(statefulSets, KEY)).status;
  const rest = (acting?: BoardsActing) => actUntilRest(cluster, acting);
  return { ...cluster, make, all, names, images, patch, setImage, status, rest };
}

const isBroken = ({ spec }: Pod) => spec.containers[0]?.image === 'e.com/broken';

t.test('pods come in order, each when the one before is ready, and carry their identity', async (t) => {
  const { client, make, names, status, rest } = await setUp(t);
  await make();
  await quiet();
  t.same(await names(), ['web-0']);
  const seen: string[] = [];
  await rest({ onStep: async () => void seen.push((await names()).join()) });
  t.same(await names(), ['web-0', 'web-1', 'web-2']);
  t.same([...new Set(seen)], ['web-0', 'web-0,web-1', 'web-0,web-1,web-2']);
  const pod = await client.get(pods, 'default/web-1');
  t.match(pod.metadata.labels, {
    'apps.kubernetes.io/pod-index': '1',
    'statefulset.kubernetes.io/pod-name': 'web-1',
    [REVISION_LABEL]: (await status())?.updateRevision,
  });
  t.match(pod.spec, { hostname: 'web-1', subdomain: 'web' });
  t.match(await status(), {
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    observedGeneration: 1,
  });
});

t.test('it goes up no further while a pod is not ready', async (t) => {
  const { make, names, rest, client, clock } = await setUp(t);
  await make();
  await rest({ isBroken: ({ metadata }) => metadata.name === 'web-1' });
  t.same(await names(), ['web-0', 'web-1']);
  await setPodStatus(client, await client.get(pods, 'default/web-1'), 'True', clock.now());
  await rest();
  t.same(await names(), ['web-0', 'web-1', 'web-2']);
});

t.test('it goes down from the highest, one at a time, and waits while one is not ready', async (t) => {
  const { client, clock, make, names, patch, rest } = await setUp(t);
  await make();
  await rest();
  await setPodStatus(client, await client.get(pods, 'default/web-0'), 'False', clock.now());
  await patch({ replicas: 1 });
  await rest();
  t.same(await names(), ['web-0', 'web-1', 'web-2']);
  await setPodStatus(client, await client.get(pods, 'default/web-0'), 'True', clock.now());
  const seen: string[] = [];
  await rest({ onStep: async () => void seen.push((await names()).join()) });
  t.same([...new Set(seen)], ['web-0,web-1', 'web-0']);
});

t.test('Parallel makes and removes all at once', async (t) => {
  const { make, names, all, patch } = await setUp(t);
  await make({ podManagementPolicy: 'Parallel', replicas: 4 });
  await settles(async () => (await names()).length === 4);
  await patch({ replicas: 0 });
  await settles(async () => (await all()).every(({ metadata }) => metadata.deletionTimestamp));
});

t.test('ordinals may start elsewhere', async (t) => {
  const { make, names, rest } = await setUp(t);
  await make({ ordinals: { start: 5 }, replicas: 2 });
  await rest();
  t.same(await names(), ['web-5', 'web-6']);
});

t.test('a rolling update goes from the highest to the lowest, one at a time', async (t) => {
  const { make, images, setImage, status, rest } = await setUp(t);
  await make();
  await rest();
  await setImage('e.com/c:2');
  const seen: string[] = [];
  await rest({
    onStep: async () => {
      const now = await images();
      seen.push(
        Object.keys(now)
          .filter((name) => now[name] === 'e.com/c:2')
          .join(),
      );
    },
  });
  t.same([...new Set(seen)], ['', 'web-2', 'web-1,web-2', 'web-0,web-1,web-2']);
  const { currentRevision, updateRevision, updatedReplicas } = (await status()) ?? {};
  t.equal(currentRevision, updateRevision);
  t.equal(updatedReplicas, 3);
});

t.test('below the partition nothing changes, and what is lost there comes back as it was', async (t) => {
  const { client, make, images, setImage, patch, status, rest } = await setUp(t);
  await make({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
  await rest();
  await setImage('e.com/c:2');
  await rest();
  const canary = { 'web-0': 'e.com/c:1', 'web-1': 'e.com/c:1', 'web-2': 'e.com/c:2' };
  t.same(await images(), canary);
  t.match(await status(), { currentReplicas: 2, updatedReplicas: 1 });
  await client.delete(pods as never, 'default/web-0');
  await client.delete(pods as never, 'default/web-2');
  await rest();
  t.same(await images(), canary);
  await patch({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
  await rest();
  t.same(new Set(Object.values(await images())), new Set(['e.com/c:2']));
});

t.test(
  'an update that does not get ready stops there, and the revision before can be put back',
  async (t) => {
    const { client, make, images, setImage, rest } = await setUp(t);
    await make();
    await rest();
    await setImage('e.com/broken');
    await rest({ isBroken });
    t.match(await images(), { 'web-0': 'e.com/c:1', 'web-1': 'e.com/c:1', 'web-2': 'e.com/broken' });
    const history = (await client.list(controllerRevisions)).items;
    const first = history.find(({ revision }) => revision === 1);
    await client.patch(statefulSets, KEY, { type: 'strategic', body: first?.data as object });
    // As upstream documents: the broken pod itself has to be deleted by hand.
    await client.delete(pods as never, 'default/web-2');
    await rest();
    t.same(new Set(Object.values(await images())), new Set(['e.com/c:1']));
  },
);

t.test('OnDelete replaces a pod only when somebody deletes it', async (t) => {
  const { client, make, images, setImage, rest } = await setUp(t);
  await make({ updateStrategy: { type: 'OnDelete' }, replicas: 2 });
  await rest();
  await setImage('e.com/c:2');
  await rest();
  t.same(await images(), { 'web-0': 'e.com/c:1', 'web-1': 'e.com/c:1' });
  await client.delete(pods as never, 'default/web-0');
  await rest();
  t.same(await images(), { 'web-0': 'e.com/c:2', 'web-1': 'e.com/c:1' });
});

t.test('a failed pod is made again under its name', async (t) => {
  const { client, make, names, rest, recorder } = await setUp(t);
  await make({ replicas: 1 });
  await rest();
  const { metadata } = await client.get(pods, 'default/web-0');
  await client.patch(
    pods,
    'default/web-0',
    { type: 'merge', body: { status: { phase: 'Failed' } } },
    'status',
  );
  await rest();
  t.same(await names(), ['web-0']);
  t.not((await client.get(pods, 'default/web-0')).metadata.uid, metadata.uid);
  const told = recorder.lines.filter((line) => / web-0 /.test(line));
  t.equal(told.at(-2), 'SuccessfulDelete: delete Pod web-0 in StatefulSet web successful');
  t.equal(told.at(-1), 'SuccessfulCreate: create Pod web-0 in StatefulSet web successful');
});

t.test(
  'a pod of a board out of reach is not replaced until the board or a person says it is gone',
  async (t) => {
    const { client, clock, make, names, all, rest } = await setUp(t);
    await make({ replicas: 2 });
    await rest();
    const lost = (await client.get(pods, 'default/web-0')).spec.nodeName ?? '';
    await setNodeReady(client, lost, 'Unknown', clock.now());
    for (let minute = 0; minute < 10; minute++) {
      await clock.advance(60_000);
      await rest({ silent: new Set([lost]) });
      t.same(await names(), ['web-0', 'web-1']);
      t.equal((await all()).filter(({ metadata }) => metadata.name === 'web-0').length, 1);
    }
    const going = await client.get(pods, 'default/web-0');
    t.ok(going.metadata.deletionTimestamp, 'it was asked to go');
    t.equal(going.spec.nodeName, lost);
    await client.delete(pods as never, 'default/web-0', { gracePeriodSeconds: 0 });
    await rest({ silent: new Set([lost]) });
    t.not((await client.get(pods, 'default/web-0')).spec.nodeName, lost);
  },
);

t.test('minReadySeconds hold up the next pod', async (t) => {
  const { clock, make, names, rest, status } = await setUp(t);
  await make({ replicas: 2, minReadySeconds: 10 });
  await rest();
  t.same(await names(), ['web-0']);
  t.match(await status(), { readyReplicas: 1, availableReplicas: 0 });
  await clock.advance(10_000);
  await rest();
  t.same(await names(), ['web-0', 'web-1']);
});

const CLAIMS = [
  {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
];

t.test('each pod has claims of its own, which stay when it goes', async (t) => {
  const { client, make, names, patch, recorder } = await setUp(t);
  await make({ volumeClaimTemplates: CLAIMS, podManagementPolicy: 'Parallel', replicas: 2 });
  await settles(async () => (await names()).length === 2);
  const claimNames = async () =>
    (await client.list(persistentVolumeClaims)).items.map(({ metadata }) => metadata.name).sort();
  t.same(await claimNames(), ['data-web-0', 'data-web-1']);
  const claim = await client.get(persistentVolumeClaims, 'default/data-web-0');
  t.same(claim.metadata.labels, { app: 'web' });
  const pod = await client.get(pods, 'default/web-1');
  t.match(pod.spec.volumes, [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } }]);
  await patch({ replicas: 0 });
  await quiet();
  t.same(await claimNames(), ['data-web-0', 'data-web-1']);
  t.ok(
    recorder.lines.includes('SuccessfulCreate: create Claim data-web-0 Pod web-0 in StatefulSet web success'),
  );
});

t.test('an orphan of its name is adopted and gets its identity', async (t) => {
  const { client, make, names, rest } = await setUp(t);
  const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
  for (const name of ['web-0', 'stranger']) {
    const metadata = { name, namespace: 'default', labels: { app: 'web' } };
    await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
  }
  await make({ replicas: 1, updateStrategy: { type: 'OnDelete' } });
  await rest();
  const pod = await client.get(pods, 'default/web-0');
  t.match(pod.metadata.ownerReferences, [{ kind: 'StatefulSet', name: 'web', controller: true }]);
  t.equal(pod.metadata.labels?.['apps.kubernetes.io/pod-index'], '0');
  const stranger = await client.get(pods, 'default/stranger');
  t.notOk(stranger.metadata.ownerReferences);
  t.same(await names(), ['stranger', 'web-0']);
});

t.test('at rest nothing is written', async (t) => {
  const { client, clock, make, rest } = await setUp(t);
  await make();
  await rest();
  const before = (await client.list(pods)).resourceVersion;
  await clock.advance(600_000);
  await quiet();
  t.equal((await client.list(pods)).resourceVersion, before);
  t.same((await client.list(pods)).items.map(keyOf).sort(), [
    'default/web-0',
    'default/web-1',
    'default/web-2',
  ]);
});

t.test('a pod whose claim has no volume stays pending, says why, and starts when it has one', async (t) => {
  const { client, clock, make, names, recorder } = await setUp(t);
  await make({ volumeClaimTemplates: CLAIMS, replicas: 1 });
  const why =
    '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are available:' +
    ' 2 Preemption is not helpful for scheduling.';
  await settles(() => recorder.lines.includes(`FailedScheduling: ${why}`));
  const pod = await client.get(pods, 'default/web-0');
  t.equal(pod.spec.nodeName, undefined);
  t.match(pod.status?.conditions, [{ type: 'PodScheduled', status: 'False', message: why }]);
  const key = 'default/data-web-0';
  await client.create<PersistentVolume>(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'v' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/v' } },
  });
  await client.patch(persistentVolumeClaims, key, { type: 'merge', body: { spec: { volumeName: 'v' } } });
  await client.patch(
    persistentVolumeClaims,
    key,
    { type: 'merge', body: { status: { phase: 'Bound' } } },
    'status',
  );
  await quiet();
  await clock.advance(1000);
  await settles(async () => (await client.get(pods, 'default/web-0')).spec.nodeName !== undefined);
  t.same(await names(), ['web-0']);
});

const claimTemplates = [
  {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  },
];
const claimOwners = async (client: Client) => {
  const { items } = await client.list(persistentVolumeClaims);
  return items.map(({ metadata }) => {
    const owners = (metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`);
    return [metadata.name, ...owners].join(' ');
  });
};

t.test(
  'claims belong to nobody, to the set, or to the pod that is scaled away, as the policy says',
  async (t) => {
    const { client, make, patch, rest } = await setUp(t);
    const policy = (whenDeleted: string, whenScaled: string) => ({
      persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
    });
    await client.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data-other-0', namespace: 'default' },
      spec: claimTemplates[0]?.spec ?? {},
    });
    await make({ volumeClaimTemplates: claimTemplates, podManagementPolicy: 'Parallel', replicas: 2 });
    const owned = (...lines: string[]) =>
      settles(
        async () => (await claimOwners(client)).join('; ') === [...lines, 'data-other-0'].sort().join('; '),
      );
    await owned('data-web-0', 'data-web-1');
    await patch(policy('Delete', 'Retain'));
    await owned('data-web-0 StatefulSet/web', 'data-web-1 StatefulSet/web');
    await patch(policy('Retain', 'Delete'));
    await owned('data-web-0', 'data-web-1');
    // Held, so that it can be looked at while it goes.
    const body = { metadata: { finalizers: ['example.com/hold'] } };
    await client.patch(pods, 'default/web-1', { type: 'merge', body });
    await patch({ replicas: 1 });
    await owned('data-web-0', 'data-web-1 Pod/web-1');
    await patch({ ...policy('Delete', 'Delete'), replicas: 1 });
    await owned('data-web-0 StatefulSet/web', 'data-web-1 Pod/web-1');
    await patch({ replicas: 2 });
    await owned('data-web-0 StatefulSet/web', 'data-web-1 StatefulSet/web');
    await rest();
  },
);

t.test('a pod that comes back waits until the claim of the one that was scaled away is gone', async (t) => {
  const { client, make, patch, rest, names, recorder, clock } = await setUp(t);
  await make({
    volumeClaimTemplates: claimTemplates,
    podManagementPolicy: 'Parallel',
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' },
    replicas: 2,
  });
  await settles(async () => (await claimOwners(client)).length === 2);
  await patch({ replicas: 1 });
  await settles(async () => (await names()).join() === 'web-0');
  t.same(await claimOwners(client), ['data-web-0', 'data-web-1 Pod/web-1']);
  await patch({ replicas: 2 });
  const why = /^FailedCreate: create Pod web-1 .*pvc default\/data-web-1 still goes with the pod/;
  await settles(() => recorder.lines.some((line) => why.test(line)));
  t.same(await names(), ['web-0']);
  // As garbage collector and protection do, which are not part of this lab.
  const claim = 'default/data-web-1';
  await client.patch(persistentVolumeClaims, claim, {
    type: 'merge',
    body: { metadata: { finalizers: null } },
  });
  await client.delete(persistentVolumeClaims, claim);
  await settles(async () => {
    await clock.advance(1000);
    return (await names()).join() === 'web-0,web-1';
  });
  t.same(await claimOwners(client), ['data-web-0', 'data-web-1']);
  await rest();
});
