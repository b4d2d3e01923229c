// Words of events are from upstream's pkg/controller/controller_utils.go, rules from
// https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
import t, { type Test } from 'tap';
import { pods } from '../../../src/api/kinds/pod.ts';
import type { Pod } from '../../../src/api/objects.ts';
import { apiVersionOf } from '../../../src/api/scheme.ts';
import { forbidden } from '../../../src/api/status-error.ts';
import type { Client, NewObject } from '../../../src/client/client.ts';
import { isActive } from '../../../src/controllers/pod-state.ts';
import { ReplicaLoop } from '../../../src/controllers/replica-loop.ts';
import {
  type ReplicaKind,
  type ReplicaOwner,
  replicaSetKind,
  replicationControllerKind,
} from '../../../src/controllers/replica-owner.ts';
import type { ReplicaStatus } from '../../../src/controllers/replica-status.ts';
import { memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

const selectors: [replicaKind: ReplicaKind, selector: object][] = [
  [replicationControllerKind as ReplicaKind, { app: 'web' }],
  [replicaSetKind as ReplicaKind, { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] }],
];

async function setUp(
  t: Test,
  [replicaKind, selector]: (typeof selectors)[number],
  createPod?: (create: () => Promise<Pod>) => Promise<Pod>,
) {
  const { kind } = replicaKind;
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const client = createPod ? withCreatePod(cluster.client, createPod) : cluster.client;
  await cluster.run(new ReplicaLoop({ ...cluster.options, client, replicaKind }));
  const make = (replicas: number, more: object = {}) =>
    cluster.client.create<ReplicaOwner>(kind, {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas,
        selector,
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'e.com/c:1' }] },
        },
        ...more,
      },
    } as NewObject<ReplicaOwner>);
  const rc = () => cluster.client.get(kind, 'default/web');
  const all = async () => (await cluster.client.list(pods, { namespace: 'default' })).items;
  const active = async () => (await all()).filter(isActive);
  const scale = (replicas: number) =>
    cluster.client.patch(kind, 'default/web', {
      type: 'merge',
      body: { spec: { replicas } },
    });
  const atRest = (replicas: number) =>
    settles(async () => {
      const { status, metadata } = await rc();
      const isSeen = status?.replicas === replicas && status.observedGeneration === metadata.generation;
      return isSeen && (await active()).length === replicas;
    });
  return { ...cluster, kind, make, rc, all, active, scale, atRest };
}

function withCreatePod(client: Client, createPod: (create: () => Promise<Pod>) => Promise<Pod>): Client {
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name === 'create')
        return (kind: never, object: never) => createPod(() => target.create(kind, object));
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

for (const form of selectors) {
  t.test(`${form[0].kind.kind}: pods are made, added and removed, and people are told`, async (t) => {
    const { make, scale, atRest, recorder } = await setUp(t, form);
    await make(3);
    await atRest(3);
    await scale(5);
    await atRest(5);
    await scale(1);
    await atRest(1);
    const reasons = recorder.events.map(({ reason }) => reason);
    t.equal(reasons.filter((reason) => reason === 'SuccessfulCreate').length, 5);
    t.equal(reasons.filter((reason) => reason === 'SuccessfulDelete').length, 4);
  });

  t.test(`${form[0].kind.kind}: a deleted pod is replaced`, async (t) => {
    const { client, make, active, atRest } = await setUp(t, form);
    await make(2);
    await atRest(2);
    const [victim] = await active();
    await client.delete(pods as never, `default/${victim?.metadata.name}`, { gracePeriodSeconds: 0 });
    await settles(async () => {
      const now = await active();
      return now.length === 2 && !now.some(({ metadata }) => metadata.uid === victim?.metadata.uid);
    });
  });

  t.test(
    `${form[0].kind.kind}: exactly as many pods are made as asked for, however often it is woken`,
    async (t) => {
      const { client, kind, make, rc, all, atRest } = await setUp(t, form);
      await make(8);
      for (let i = 0; i < 20; i++) {
        const body = { metadata: { labels: { poke: String(i) } } };
        await client.patch(kind, 'default/web', { type: 'merge', body });
      }
      await atRest(8);
      await quiet();
      t.equal((await all()).length, 8);
      t.equal((await rc()).status?.replicas, 8);
    },
  );

  t.test(
    `${form[0].kind.kind}: an orphan that matches is adopted, one that strays is released`,
    async (t) => {
      const { client, kind, make, all, atRest } = await setUp(t, form);
      const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
      const metadata = { name: 'orphan', namespace: 'default', labels: { app: 'web' } };
      await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
      await make(2);
      await atRest(2);
      const orphan = await client.get(pods, 'default/orphan');
      t.match(orphan.metadata.ownerReferences, [{ kind: kind.kind, name: 'web', controller: true }]);
      await client.patch(pods, 'default/orphan', {
        type: 'merge',
        body: { metadata: { labels: { app: 'own' } } },
      });
      await settles(async () => (await all()).length === 3);
      await settles(async () => !(await client.get(pods, 'default/orphan')).metadata.ownerReferences?.length);
    },
  );

  t.test(`${form[0].kind.kind}: ready pods are counted`, async (t) => {
    const { client, make, rc, active, atRest } = await setUp(t, form);
    await make(2);
    await atRest(2);
    const [pod] = await active();
    const conditions = [{ type: 'Ready', status: 'True' }];
    await client.updateStatus(pods, { ...pod!, status: { ...pod!.status, phase: 'Running', conditions } });
    await settles(async () => (await rc()).status?.readyReplicas === 1);
    t.equal((await rc()).status?.availableReplicas, 1);
  });

  t.test(
    `${form[0].kind.kind}: a pod becomes available when it has been ready for long enough`,
    async (t) => {
      const { client, clock, make, rc, active, atRest } = await setUp(t, form);
      await make(1, { minReadySeconds: 10 });
      await atRest(1);
      const [pod] = await active();
      const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
      await client.updateStatus(pods, { ...pod!, status: { ...pod!.status, phase: 'Running', conditions } });
      await settles(async () => (await rc()).status?.readyReplicas === 1);
      await clock.advance(9_000);
      await quiet();
      t.equal((await rc()).status?.availableReplicas ?? 0, 0);
      await clock.advance(1_000);
      await settles(async () => (await rc()).status?.availableReplicas === 1);
    },
  );

  t.test(
    `${form[0].kind.kind}: a refusal shows in the status and as an event, is tried few times, and passes`,
    async (t) => {
      let refusing = true;
      let tries = 0;
      const quota = forbidden({ group: '', kind: 'pods', name: 'web' }, 'exceeded quota');
      const { clock, make, rc, atRest, recorder } = await setUp(t, form, async (create) => {
        tries += 1;
        if (refusing) throw quota;
        return create();
      });
      await make(50);
      await settles(async () => (await rc()).status?.conditions !== undefined);
      t.match((await rc()).status?.conditions, [
        { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
      ]);
      t.ok(
        recorder.lines.some((line) =>
          line.startsWith('FailedCreate: Error creating: pods "web" is forbidden'),
        ),
      );
      await quiet();
      t.ok(tries < 10, `${tries} tries`);
      refusing = false;
      await clock.advance(60_000);
      await atRest(50);
      await settles(async () => (await rc()).status?.conditions === undefined);
    },
  );

  t.test(`${form[0].kind.kind}: pods that are still ending are told by a ReplicaSet`, async (t) => {
    const { client, make, atRest, scale, all, rc } = await setUp(t, form);
    await make(3);
    await atRest(3);
    for (const pod of await all()) {
      // On a board: it goes when the board says so.
      await client.bind(`default/${pod.metadata.name}`, 'board');
    }
    await scale(1);
    await atRest(1);
    const terminating = async () => ((await rc()).status as ReplicaStatus).terminatingReplicas;
    if (!form[0].showsTerminating) return t.equal(await terminating(), undefined);
    await settles(async () => (await terminating()) === 2);
    const going = (await all()).filter(({ metadata }) => metadata.deletionTimestamp);
    for (const { metadata } of going) {
      await client.delete(pods, `default/${metadata.name}`, { gracePeriodSeconds: 0 });
    }
    await settles(async () => (await terminating()) === 0);
  });

  t.test(`${form[0].kind.kind}: a controller that is being deleted makes nothing more`, async (t) => {
    const { client, kind, make, active, atRest } = await setUp(t, form);
    await make(2);
    await atRest(2);
    await client.delete(kind as never, 'default/web', { propagationPolicy: 'Foreground' });
    await quiet();
    const [pod] = await active();
    await client.delete(pods as never, `default/${pod?.metadata.name}`, { gracePeriodSeconds: 0 });
    await quiet();
    t.equal((await active()).length, 1);
  });

  t.test(`${form[0].kind.kind}: at rest nothing is written`, async (t) => {
    const { client, clock, make, atRest } = await setUp(t, form);
    await make(3);
    await atRest(3);
    await quiet();
    const { resourceVersion } = await client.list(pods);
    await clock.advance(600_000);
    await quiet();
    t.equal((await client.list(pods)).resourceVersion, resourceVersion);
  });
}
