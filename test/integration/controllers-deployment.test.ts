// Deployments over the real registry with a board that makes pods ready as it is told: updates, Recreate, undo,
// pause, scaling in the middle, the deadline and history, each seen from outside.
import t, { type Test } from 'tap';
import { findCondition } from '../../src/api/conditions.ts';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { replicaSets } from '../../src/api/kinds/replica-set.ts';
import { type Deployment, keyOf, type Pod, type ReplicaSet, timestamp } from '../../src/api/objects.ts';
import { type Component, sequence } from '../../src/base/component.ts';
import type { Informer } from '../../src/client/informer.ts';
import { DeploymentController } from '../../src/controllers/deployment.ts';
import { isActive, isReady } from '../../src/controllers/pod-state.ts';
import { templateHash } from '../../src/controllers/pod-template-hash.ts';
import { ReplicaLoop } from '../../src/controllers/replica-loop.ts';
import { replicaSetKind } from '../../src/controllers/replica-owner.ts';
import { type MemoryCluster, memoryCluster } from '../support/memory-cluster.ts';
import { quiet, settles } from '../support/settles.ts';

const KEY = 'default/web';
const REVISION = 'deployment.kubernetes.io/revision';

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});

/** Makes one pod ready, or ends one that is to go, each time it is asked. */
class FakeBoard {
  readonly #cluster: MemoryCluster;
  readonly #refused = new Set<string>();

  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster;
  }

  /** Pods of this image never become ready. */
  refuse(image: string): void {
    this.#refused.add(image);
  }

  /** False when there was nothing to do. */
  async act(): Promise<boolean> {
    const { client, clock } = this.#cluster;
    const due = (await client.list(pods)).items.find((pod) => this.#isDue(pod));
    if (!due) return false;
    if (due.metadata.deletionTimestamp) {
      await client.delete(pods as never, keyOf(due), { gracePeriodSeconds: 0 });
      return true;
    }
    const ready = { type: 'Ready', status: 'True', lastTransitionTime: timestamp(clock.now()) };
    const body = { status: { phase: 'Running', conditions: [ready] } };
    await client.patch(pods, keyOf(due), { type: 'strategic', body }, 'status');
    return true;
  }

  #isDue(pod: Pod): boolean {
    if (pod.metadata.deletionTimestamp) return true;
    return !isReady(pod) && !this.#refused.has(pod.spec.containers[0]?.image ?? '');
  }
}

async function setUp(t: Test) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, informers, options } = cluster;
  const board = new FakeBoard(cluster);
  const podInformer: Informer<Pod> = informers.for(pods);
  const loops: Component = sequence([
    new ReplicaLoop({ ...options, replicaKind: replicaSetKind }),
    new DeploymentController(options),
  ]);
  await cluster.run(loops);
  const make = (replicas: number, spec: object = {}) =>
    client.create<Deployment>(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default', annotations: { note: 'first' } },
      spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('e.com/c:1'), ...spec },
    });
  const change = (spec: object) => client.patch(deployments, KEY, { type: 'strategic', body: { spec } });
  const get = () => client.get(deployments, KEY);
  const sets = async () => (await client.list(replicaSets)).items;
  const byRevision = async (revision: number) =>
    (await sets()).find(
      ({ metadata }) => metadata.annotations?.[REVISION] === String(revision),
    ) as ReplicaSet;
  const all = async () => (await client.list(pods)).items;
  const progress = async () => findCondition((await get()).status?.conditions, 'Progressing');
  const isDone = async () => {
    const { metadata, spec, status } = await get();
    const isSeen = status?.observedGeneration === metadata.generation;
    const counts = [status?.replicas, status?.updatedReplicas, status?.availableReplicas];
    return isSeen && counts.every((count) => (count ?? 0) === spec.replicas);
  };
  /** The board acts and the loops answer until nothing moves any more. */
  const atRest = async () => {
    for (let round = 0; round < 300; round++) {
      await quiet(15);
      await cluster.clock.advance(100);
      if (!(await board.act())) {
        await quiet(30);
        if (!(await board.act())) return;
      }
    }
    throw new Error('never came to rest');
  };
  return {
    ...cluster,
    board,
    podInformer,
    make,
    change,
    get,
    sets,
    byRevision,
    all,
    progress,
    isDone,
    atRest,
  };
}

const imageOf = (pod: Pod) => pod.spec.containers[0]?.image;

t.test('a Deployment makes one ReplicaSet, named and labelled by its template', async (t) => {
  const { make, get, sets, all, atRest, isDone, progress, recorder } = await setUp(t);
  await make(3);
  await atRest();
  t.ok(await isDone());
  const [set, ...others] = await sets();
  t.same(others, []);
  const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
  t.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  t.match(set, {
    metadata: {
      name: `web-${hash}`,
      annotations: {
        note: 'first',
        [REVISION]: '1',
        'deployment.kubernetes.io/desired-replicas': '3',
        'deployment.kubernetes.io/max-replicas': '4',
      },
      ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true, blockOwnerDeletion: true }],
    },
    spec: { selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } } },
  });
  for (const { metadata } of await all()) t.equal(metadata.labels?.['pod-template-hash'], hash);
  const deployment = await get();
  t.equal(deployment.metadata.annotations?.[REVISION], '1');
  t.match(deployment.status, { replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3 });
  t.match(findCondition(deployment.status?.conditions, 'Available'), {
    status: 'True',
    reason: 'MinimumReplicasAvailable',
    message: 'Deployment has minimum availability.',
  });
  t.match(await progress(), {
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: `ReplicaSet "web-${hash}" has successfully progressed.`,
  });
  t.ok(recorder.lines.includes(`ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`));
});

t.test('a rolling update of ten never has fewer available or more in all than allowed', async (t) => {
  const { make, change, all, atRest, isDone, podInformer, byRevision } = await setUp(t);
  await make(10);
  await atRest();
  let [fewest, most] = [Number.POSITIVE_INFINITY, 0];
  const look = () => {
    const now = podInformer.lister.list().filter(isActive);
    fewest = Math.min(fewest, now.filter(isReady).length);
    most = Math.max(most, now.length);
  };
  const unsubscribe = podInformer.subscribe({ onAdd: look, onUpdate: look, onDelete: look });
  // What subscribing tells of is what was there before.
  [fewest, most] = [Number.POSITIVE_INFINITY, 0];
  await change({ template: template('e.com/c:2') });
  await atRest();
  unsubscribe();
  t.ok(await isDone());
  t.ok((await all()).every((pod) => imageOf(pod) === 'e.com/c:2'));
  t.equal(fewest, 8, '25 % of ten, rounded down, may be missing');
  t.equal(most, 13, '25 % of ten, rounded up, may be more');
  t.equal((await byRevision(1)).spec.replicas, 0);
  t.equal((await byRevision(2)).spec.replicas, 10);
});

t.test('Recreate starts nothing new before the last old pod has ended', async (t) => {
  const { client, make, change, all, atRest, isDone, podInformer } = await setUp(t);
  await make(3, { strategy: { type: 'Recreate' } });
  await atRest();
  let mixed = false;
  const look = () => {
    mixed ||= new Set(podInformer.lister.list().map(imageOf)).size > 1;
  };
  // A finalizer of another keeps one old pod after its ReplicaSet no longer counts it.
  const [held] = await all();
  const hold = (finalizers: string[]) =>
    client.patch(pods, keyOf(held as Pod), { type: 'merge', body: { metadata: { finalizers } } });
  await hold(['e.com/hold']);
  const unsubscribe = podInformer.subscribe({ onAdd: look, onUpdate: look });
  await change({ template: template('e.com/c:2') });
  await settles(async () => (await all()).every(({ metadata }) => metadata.deletionTimestamp));
  await quiet();
  t.ok(
    (await all()).every((pod) => imageOf(pod) === 'e.com/c:1'),
    'the old pod has not ended',
  );
  await hold([]);
  await atRest();
  unsubscribe();
  t.ok(await isDone());
  t.notOk(mixed);
});

t.test('going back takes up the old ReplicaSet under a new revision', async (t) => {
  const { make, change, get, sets, byRevision, atRest, isDone } = await setUp(t);
  await make(2);
  await atRest();
  const first = await byRevision(1);
  await change({ template: template('e.com/c:2') });
  await atRest();
  await change({ template: template('e.com/c:1') });
  await atRest();
  t.ok(await isDone());
  t.equal((await sets()).length, 2);
  const back = await byRevision(3);
  t.equal(back.metadata.uid, first.metadata.uid);
  t.equal(back.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1');
  t.equal((await get()).metadata.annotations?.[REVISION], '3');
});

t.test('the annotation of the former rollbackTo takes the Deployment back, and goes', async (t) => {
  const { client, make, change, get, byRevision, atRest, isDone } = await setUp(t);
  await make(1);
  await atRest();
  await change({ template: template('e.com/c:2') });
  await atRest();
  const body = { metadata: { annotations: { 'deprecated.deployment.rollback.to': '0' } } };
  await client.patch(deployments, KEY, { type: 'merge', body });
  await atRest();
  t.ok(await isDone());
  const { metadata, spec } = await get();
  t.same(spec.template?.metadata?.labels, { app: 'web' });
  t.equal(spec.template?.spec?.containers[0]?.image, 'e.com/c:1');
  t.equal(metadata.annotations?.['deprecated.deployment.rollback.to'], undefined);
  t.equal((await byRevision(3)).spec.template?.spec?.containers[0]?.image, 'e.com/c:1');
});

t.test('while paused a new template waits and a new number is followed', async (t) => {
  const { make, change, sets, all, atRest, isDone, progress } = await setUp(t);
  await make(2);
  await atRest();
  await change({ paused: true });
  await atRest();
  t.match(await progress(), {
    status: 'Unknown',
    reason: 'DeploymentPaused',
    message: 'Deployment is paused',
  });
  await change({ template: template('e.com/c:2'), replicas: 4 });
  await atRest();
  t.equal((await sets()).length, 1);
  t.same((await all()).map(imageOf), Array(4).fill('e.com/c:1'));
  await change({ paused: null });
  await atRest();
  t.ok(await isDone());
  t.same((await all()).map(imageOf), Array(4).fill('e.com/c:2'));
  t.match(await progress(), { reason: 'NewReplicaSetAvailable' });
});

t.test('a number changed in the middle of a rollout is shared by old and new', async (t) => {
  const { board, make, change, byRevision, atRest, isDone } = await setUp(t);
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await make(10, { strategy });
  await atRest();
  board.refuse('e.com/c:2');
  await change({ template: template('e.com/c:2') });
  await atRest();
  const sizes = async () => [(await byRevision(1)).spec.replicas, (await byRevision(2)).spec.replicas];
  t.same(await sizes(), [8, 5], 'stuck where the limits are reached');
  await change({ replicas: 15 });
  await atRest();
  t.same(await sizes(), [11, 7], "as in upstream's documentation: three of five to the old, two to the new");
  await change({ template: template('e.com/c:3') });
  await atRest();
  t.ok(await isDone());
});

t.test('a rollout that stands still for longer than its deadline says so, until it moves', async (t) => {
  const { board, clock, make, change, byRevision, atRest, isDone, progress } = await setUp(t);
  await make(2, { progressDeadlineSeconds: 60 });
  await atRest();
  board.refuse('e.com/c:2');
  await change({ template: template('e.com/c:2') });
  await atRest();
  t.match(await progress(), { status: 'True', reason: 'ReplicaSetUpdated' });
  await clock.advance(50_000);
  await quiet();
  t.match(await progress(), { status: 'True' });
  await clock.advance(15_000);
  await settles(async () => (await progress())?.reason === 'ProgressDeadlineExceeded');
  const { name } = (await byRevision(2)).metadata;
  t.match(await progress(), {
    status: 'False',
    message: `ReplicaSet "${name}" has timed out progressing.`,
  });
  await change({ template: template('e.com/c:1') });
  await atRest();
  t.ok(await isDone());
  t.match(await progress(), { status: 'True', reason: 'NewReplicaSetAvailable' });
});

t.test('a pod that must be ready for a while is waited for', async (t) => {
  const { clock, make, change, get, atRest, isDone, byRevision } = await setUp(t);
  await make(2, { minReadySeconds: 30 });
  await atRest();
  t.equal((await get()).status?.availableReplicas, undefined);
  t.equal((await get()).status?.readyReplicas, 2);
  await clock.advance(31_000);
  await settles(isDone);
  await change({ minReadySeconds: 5 });
  await settles(async () => (await byRevision(1)).spec.minReadySeconds === 5);
});

t.test('only as many old ReplicaSets are kept as asked for', async (t) => {
  const { make, change, sets, atRest } = await setUp(t);
  await make(1, { revisionHistoryLimit: 2 });
  await atRest();
  for (const version of [2, 3, 4, 5]) {
    await change({ template: template(`e.com/c:${version}`) });
    await atRest();
  }
  const revisions = (await sets()).map(({ metadata }) => metadata.annotations?.[REVISION]).sort();
  t.same(revisions, ['3', '4', '5']);
});

t.test('a name that is taken makes it take another one', async (t) => {
  const { client, make, change, get, sets, atRest, isDone } = await setUp(t);
  const { spec } = await make(1, { paused: true });
  const taken = `web-${templateHash(spec.template)}`;
  const other = { ...template('e.com/other:1'), metadata: { labels: { app: 'other' } } };
  await client.create<ReplicaSet>(replicaSets, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: taken, namespace: 'default' },
    spec: { replicas: 0, selector: { matchLabels: { app: 'other' } }, template: other },
  });
  await change({ paused: null });
  await atRest();
  t.ok(await isDone());
  t.equal((await get()).status?.collisionCount, 1);
  t.equal((await sets()).length, 2);
});

t.test('an orphaned ReplicaSet is adopted, and at rest nothing is written', async (t) => {
  const { client, clock, make, sets, atRest, isDone } = await setUp(t);
  await make(2);
  await atRest();
  const [set] = await sets();
  const orphan = { metadata: { ownerReferences: null } };
  await client.patch(replicaSets, keyOf(set as ReplicaSet), { type: 'merge', body: orphan });
  await settles(async () => (await sets())[0]?.metadata.ownerReferences?.[0]?.name === 'web');
  await atRest();
  t.ok(await isDone());
  const { resourceVersion } = await client.list(pods);
  await clock.advance(3_600_000);
  await quiet();
  t.equal((await client.list(pods)).resourceVersion, resourceVersion);
});
