// Words of events are from upstream's pkg/controller/daemon/daemon_controller.go, rules from
// https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
import t, { type Test } from 'tap';
import { controllerRevisions } from '../../../src/api/kinds/controller-revision.ts';
import { daemonSets } from '../../../src/api/kinds/daemon-set.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { type DaemonSet, keyOf } from '../../../src/api/objects.ts';
import { allKinds } from '../../../src/api/scheme-table.ts';
import { DaemonSetController } from '../../../src/controllers/daemon-set.ts';
import { GarbageCollector } from '../../../src/controllers/garbage-collector.ts';
import { isActive } from '../../../src/controllers/pod-state.ts';
import { REVISION_LABEL } from '../../../src/controllers/template-revision.ts';
import { Scheduler } from '../../../src/scheduler/scheduler.ts';
import { actUntilRest, type BoardsActing } from '../../support/acting-boards.ts';
import { addNode, memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

const KEY = 'default/agent';

async function setUp(t: Test, boards: readonly string[] = ['a', 'b', 'c']) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, options } = cluster;
  for (const board of boards) await addNode(client, board, { metadata: { labels: { board } } as never });
  const collector = new GarbageCollector({ ...options, kinds: allKinds });
  await cluster.run(new DaemonSetController(options), new Scheduler(options), collector);
  const make = (spec: object = {}, podSpec: object = {}) =>
    client.create<DaemonSet>(daemonSets, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent', namespace: 'default' },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        template: {
          metadata: { labels: { app: 'agent' } },
          spec: { containers: [{ name: 'c', image: 'e.com/c:1' }], ...podSpec },
        },
        ...spec,
      },
    });
  const all = async () => (await client.list(pods, { namespace: 'default' })).items;
  const active = async () => (await all()).filter(isActive);
  const places = async () => (await active()).map(({ spec }) => spec.nodeName).sort();
  const status = async () => (await client.get(daemonSets, KEY)).status;
  const rest = (acting?: BoardsActing) => actUntilRest(cluster, acting);
  const setImage = (image: string) =>
    client.patch(daemonSets, KEY, {
      type: 'strategic',
      body: { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } },
    });
  const images = async () => (await active()).map(({ spec }) => spec.containers[0]?.image);
  const revisions = async () =>
    (await client.list(controllerRevisions)).items.sort((a, b) => Number(a.revision) - Number(b.revision));
  return { ...cluster, make, all, active, places, status, rest, setImage, images, revisions };
}

t.test('every board gets one pod, and the status counts them', async (t) => {
  const { make, places, status, rest } = await setUp(t);
  await make();
  await rest();
  t.same(await places(), ['a', 'b', 'c']);
  t.match(await status(), {
    desiredNumberScheduled: 3,
    currentNumberScheduled: 3,
    numberReady: 3,
    numberAvailable: 3,
    updatedNumberScheduled: 3,
    numberMisscheduled: 0,
    observedGeneration: 1,
  });
});

t.test('a new board gets its pod, a cordoned one too, and one that goes takes only its own', async (t) => {
  const { client, clock, make, places, status, rest } = await setUp(t, ['a']);
  await make();
  await rest();
  await addNode(client, 'new', { spec: { unschedulable: true } });
  await quiet();
  // The scheduler may have looked before the board was ready.
  await clock.advance(1000);
  await rest();
  t.same(await places(), ['a', 'new']);
  await client.delete(nodes as never, 'new');
  await settles(async () => (await status())?.desiredNumberScheduled === 1);
});

t.test('node selector and taints decide, and pods go when a board no longer suits', async (t) => {
  const { client, make, places, rest } = await setUp(t);
  await make({}, { nodeSelector: { role: 'edge' } });
  await rest();
  t.same(await places(), []);
  const label = (role: string | null) =>
    client.patch(nodes, 'b', { type: 'merge', body: { metadata: { labels: { role } } } });
  await label('edge');
  await rest();
  t.same(await places(), ['b']);
  await label(null);
  await rest();
  t.same(await places(), []);
});

t.test('a NoSchedule taint keeps new pods away and leaves those that are there', async (t) => {
  const { client, make, places, status, rest } = await setUp(t, ['a', 'b']);
  const taint = (effect: string) =>
    client.patch(nodes, 'b', { type: 'merge', body: { spec: { taints: [{ key: 'own', effect }] } } });
  await make();
  await rest();
  await taint('NoSchedule');
  await rest();
  t.same(await places(), ['a', 'b']);
  t.match(await status(), { desiredNumberScheduled: 1, numberMisscheduled: 1 });
  await taint('NoExecute');
  await rest();
  t.same(await places(), ['a']);
});

t.test('a rolling update replaces one board at a time and never more', async (t) => {
  const { make, status, rest, setImage, images, active } = await setUp(t);
  await make();
  await rest();
  await setImage('e.com/c:2');
  const counts: number[] = [];
  await rest({ onStep: async () => void counts.push((await active()).length) });
  t.same(await images(), ['e.com/c:2', 'e.com/c:2', 'e.com/c:2']);
  t.equal(Math.min(...counts), 2);
  t.match(await status(), { updatedNumberScheduled: 3, numberAvailable: 3 });
});

t.test('a surge brings the new pod before the old one goes', async (t) => {
  const { make, rest, setImage, images, active } = await setUp(t);
  await make({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  await rest();
  await setImage('e.com/c:2');
  const counts: number[] = [];
  await rest({ onStep: async () => void counts.push((await active()).length) });
  t.same(await images(), ['e.com/c:2', 'e.com/c:2', 'e.com/c:2']);
  t.ok(
    counts.every((count) => count >= 3 && count <= 4),
    counts.join(),
  );
});

t.test('an update that does not get ready stops at the first board, and a rollback undoes it', async (t) => {
  const { client, make, rest, setImage, images, revisions, active } = await setUp(t);
  await make();
  await rest();
  const untouched = (await active()).map(({ metadata }) => metadata.uid);
  await setImage('e.com/broken');
  await rest({ isBroken: ({ spec }) => spec.containers[0]?.image === 'e.com/broken' });
  t.equal((await images()).filter((image) => image === 'e.com/broken').length, 1);
  const [first, second] = await revisions();
  t.match([first?.revision, second?.revision], [1, 2]);
  await client.patch(daemonSets, KEY, { type: 'strategic', body: first?.data as object });
  await rest();
  t.same(await images(), ['e.com/c:1', 'e.com/c:1', 'e.com/c:1']);
  const kept = (await active()).filter(({ metadata }) => untouched.includes(metadata.uid));
  t.equal(kept.length, 2, 'pods of the old revision are not restarted');
  t.same(
    (await revisions()).map(({ revision }) => revision),
    [2, 3],
  );
});

t.test('OnDelete replaces a pod only when somebody deletes it', async (t) => {
  const { client, make, rest, setImage, images, active } = await setUp(t, ['a', 'b']);
  await make({ updateStrategy: { type: 'OnDelete' } });
  await rest();
  await setImage('e.com/c:2');
  await rest();
  t.same(await images(), ['e.com/c:1', 'e.com/c:1']);
  await client.delete(pods as never, keyOf((await active())[0]!));
  await rest();
  t.same((await images()).sort(), ['e.com/c:1', 'e.com/c:2']);
});

t.test('a failed pod is replaced, and one that fails for ever ever more rarely', async (t) => {
  const { client, clock, make, rest, active, recorder } = await setUp(t, ['a']);
  await make();
  await rest();
  const fail = async () => {
    const [pod] = await active();
    const body = { status: { phase: 'Failed' } };
    await client.patch(pods, keyOf(pod!), { type: 'merge', body }, 'status');
    return pod?.metadata.uid;
  };
  const replaced = (uid: string | undefined) => async () => {
    const [pod] = await active();
    return pod !== undefined && pod.metadata.uid !== uid;
  };
  await settles(replaced(await fail()));
  const second = await fail();
  await quiet();
  t.equal((await active()).length, 0, 'not at once again');
  await clock.advance(2000);
  await settles(replaced(second));
  t.equal(recorder.events.filter(({ reason }) => reason === 'FailedDaemonPod').length, 2);
});

t.test('old revisions beyond the limit go, those that pods still run stay', async (t) => {
  const { make, rest, setImage, revisions } = await setUp(t, ['a']);
  await make({ revisionHistoryLimit: 1 });
  for (const image of ['e.com/c:2', 'e.com/c:3', 'e.com/c:4']) {
    await rest();
    await setImage(image);
  }
  await rest();
  await settles(async () => (await revisions()).length === 2);
  t.same(
    (await revisions()).map(({ revision }) => revision),
    [3, 4],
  );
});

t.test(
  'made again over the pods and revisions that were left behind, it takes them and restarts none',
  async (t) => {
    const { client, make, rest, active, revisions } = await setUp(t, ['a', 'b']);
    await make();
    await rest();
    const uids = (await active()).map(({ metadata }) => metadata.uid);
    await client.delete(daemonSets as never, KEY, { propagationPolicy: 'Orphan' });
    await settles(async () => (await client.list(daemonSets)).items.length === 0);
    const made = await make();
    await rest();
    const gone = await client.get(daemonSets, KEY);
    t.equal(gone.metadata.uid, made.metadata.uid);
    t.same(
      (await active()).map(({ metadata }) => metadata.uid),
      uids,
    );
    t.equal((await revisions()).length, 1);
  },
);

t.test('daemon pods say which board they are for and tolerate what daemons tolerate', async (t) => {
  const { make, rest, active } = await setUp(t, ['a']);
  await make({}, { tolerations: [{ key: 'own', operator: 'Exists' }] });
  await rest();
  const [pod] = await active();
  const keys = (pod?.spec.tolerations ?? []).map(({ key, effect }) => `${key}:${effect ?? ''}`);
  t.ok(keys.includes('own:'));
  t.ok(keys.includes('node.kubernetes.io/unreachable:NoExecute'));
  t.ok(keys.includes('node.kubernetes.io/unschedulable:NoSchedule'));
  t.notOk(pod?.spec.tolerations?.some(({ tolerationSeconds }) => tolerationSeconds !== undefined));
  t.match(pod?.metadata.labels?.[REVISION_LABEL], /^[a-z0-9]{6,}$/);
});

t.test('at rest nothing is written', async (t) => {
  const { client, clock, make, rest } = await setUp(t);
  await make();
  await rest();
  const before = (await client.list(pods)).resourceVersion;
  await clock.advance(600_000);
  await quiet();
  t.equal((await client.list(pods)).resourceVersion, before);
});
