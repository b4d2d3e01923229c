import t, { type Test } from 'tap';
import { findCondition } from '../../../src/api/conditions.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { persistentVolumeClaims } from '../../../src/api/kinds/persistent-volume-claim.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import { storageClasses } from '../../../src/api/kinds/storage-class.ts';
import type { PersistentVolumeClaim, Pod } from '../../../src/api/objects.ts';
import { unavailable } from '../../../src/api/status-error.ts';
import type { Client } from '../../../src/client/client.ts';
import { Scheduler } from '../../../src/scheduler/scheduler.ts';
import { addNode, memoryCluster } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

async function setUp(t: Test, change: (client: Client) => Client = (client) => client) {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const scheduler = new Scheduler({ ...cluster.options, client: change(cluster.client) });
  const start = () => cluster.run(scheduler);
  const make = (
    name: string,
    { resources, ...spec }: { resources?: object; [field: string]: unknown } = {},
  ) =>
    cluster.client.create<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        containers: [{ name: 'main', image: 'example.com/x:1', ...(resources ? { resources } : {}) }],
        ...spec,
      },
    } as never);
  const get = (name: string) => cluster.client.get(pods, `default/${name}`);
  const boundTo = async (name: string, node: string) =>
    settles(async () => (await get(name)).spec.nodeName === node);
  return { ...cluster, start, make, get, boundTo };
}

const asking = (cpu: string) => ({ resources: { requests: { cpu } } });

t.test('pods that wait are given to boards, and people are told', async (t) => {
  const { client, start, make, boundTo, recorder } = await setUp(t);
  await make('early');
  await addNode(client, 'a');
  await start();
  await boundTo('early', 'a');
  await make('late');
  await boundTo('late', 'a');
  await settles(() => recorder.lines.length === 2);
  t.same(recorder.lines, [
    'Scheduled: Successfully assigned default/early to a',
    'Scheduled: Successfully assigned default/late to a',
  ]);
});

t.test('many pods at once never overfill a board', async (t) => {
  const { client, start, make } = await setUp(t);
  await addNode(client, 'a');
  await addNode(client, 'b');
  await start();
  await Promise.all(Array.from({ length: 9 }, (_, i) => make(`p${i}`, asking('1'))));
  await quiet(300);
  const { items } = await client.list(pods);
  const on = (node: string | undefined) => items.filter(({ spec }) => spec.nodeName === node).length;
  t.same([on('a'), on('b'), on(undefined)], [4, 4, 1]);
});

t.test('a pod that fits nowhere says why, once, and is placed when a board makes room', async (t) => {
  const { client, clock, start, make, get, boundTo, recorder } = await setUp(t);
  await addNode(client, 'a');
  await start();
  await make('big', asking('6'));
  const why =
    '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
  await settles(
    async () => findCondition((await get('big')).status?.conditions, 'PodScheduled') !== undefined,
  );
  t.match(findCondition((await get('big')).status?.conditions, 'PodScheduled'), {
    status: 'False',
    reason: 'Unschedulable',
    message: why,
  });
  t.same(recorder.lines, [`FailedScheduling: ${why}`]);
  const { resourceVersion } = (await get('big')).metadata;
  await clock.advance(60_000);
  await quiet();
  t.equal(
    (await get('big')).metadata.resourceVersion,
    resourceVersion,
    'nothing is written while nothing changes',
  );
  t.equal(recorder.lines.length, 1);
  await addNode(client, 'b', { status: { allocatable: { cpu: '8', memory: '4Gi', pods: '9' } } });
  await clock.advance(10_000);
  await boundTo('big', 'b');
});

t.test('room that a deleted or finished pod leaves is used', async (t) => {
  const { client, clock, start, make, get, boundTo } = await setUp(t);
  await addNode(client, 'a');
  await start();
  await make('first', asking('3'));
  await boundTo('first', 'a');
  await make('second', asking('3'));
  await make('third', asking('3'));
  await settles(async () => (await get('third')).status?.conditions !== undefined);
  await client.delete(pods as never, 'default/first', { gracePeriodSeconds: 0 });
  await clock.advance(1000);
  await boundTo('second', 'a');
  const second = await get('second');
  await client.updateStatus(pods, { ...second, status: { ...second.status, phase: 'Succeeded' } });
  await clock.advance(10_000);
  await boundTo('third', 'a');
});

t.test('a heartbeat of a board wakes nobody', async (t) => {
  const { client, clock, start, make, get, recorder } = await setUp(t);
  await addNode(client, 'a');
  await start();
  await make('big', asking('6'));
  await settles(async () => (await get('big')).status?.conditions !== undefined);
  const node = await client.get(nodes, 'a');
  const images = [{ names: ['x'], sizeBytes: 1 }];
  await client.updateStatus(nodes, { ...node, status: { ...node.status, images } });
  await clock.advance(60_000);
  await quiet();
  t.equal(recorder.lines.length, 1);
});

t.test('a pod of another scheduler, a bound one and one that goes are left alone', async (t) => {
  const { client, start, make, get, boundTo } = await setUp(t);
  await addNode(client, 'a');
  await start();
  await make('foreign', { schedulerName: 'other' });
  await make('elsewhere', { nodeName: 'z' });
  await make('ours');
  await boundTo('ours', 'a');
  t.equal((await get('foreign')).spec.nodeName, undefined);
  t.equal((await get('elsewhere')).spec.nodeName, 'z');
});

t.test('a binding that fails is told, tried again, and its room is not lost', async (t) => {
  let failures = 1;
  const { client, clock, start, make, get, boundTo, recorder } = await setUp(t, (client) => {
    const flaky = Object.create(client) as Client;
    flaky.patch = client.patch.bind(client);
    flaky.bind = async (podKey, nodeName) => {
      if (failures-- > 0) throw unavailable(`not now ${'.'.repeat(2000)}`);
      await client.bind(podKey, nodeName);
    };
    return flaky;
  });
  await addNode(client, 'a');
  await start();
  await make('one', asking('4'));
  const scheduled = async () => findCondition((await get('one')).status?.conditions, 'PodScheduled');
  await settles(async () => (await scheduled())?.reason === 'SchedulerError');
  const message = `running Bind plugin "DefaultBinder": not now ${'.'.repeat(2000)}`;
  t.match(await scheduled(), { status: 'False', message });
  const [line] = recorder.lines;
  t.equal(line, `FailedScheduling: ${message.slice(0, 1020)} ...`, 'Events hold 1024 characters at most');
  await clock.advance(1000);
  await boundTo('one', 'a');
});

const important = { priorityClassName: 'system-cluster-critical' };

t.test('an important pod pushes a lesser one out, says so, and takes its place', async (t) => {
  const { client, clock, start, make, get, boundTo, recorder } = await setUp(t);
  await addNode(client, 'a');
  await start();
  await make('lesser', asking('3'));
  await boundTo('lesser', 'a');
  await make('urgent', { ...asking('3'), ...important });
  await settles(async () => (await get('urgent')).status?.nominatedNodeName === 'a');
  const victim = await get('lesser');
  t.ok(victim.metadata.deletionTimestamp, 'it is asked to go, with its own grace');
  t.match(findCondition(victim.status?.conditions, 'DisruptionTarget'), {
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: 'default-scheduler: preempting to accommodate a higher priority pod',
  });
  const { uid } = (await get('urgent')).metadata;
  t.ok(recorder.lines.includes(`Preempted: Preempted by pod ${uid} on node a`));
  await make('waiter', asking('1'));
  await make('greedy', asking('3'));
  await client.delete(pods as never, 'default/lesser', { gracePeriodSeconds: 0 });
  await clock.advance(1000);
  await boundTo('urgent', 'a');
  await boundTo('waiter', 'a');
  await clock.advance(60_000);
  t.equal((await get('greedy')).spec.nodeName, undefined, 'the room that was made is not taken by others');
});

t.test('of waiting pods the important one is placed first', async (t) => {
  const { client, start, make, get, boundTo } = await setUp(t);
  await make('early', asking('3'));
  await make('urgent', { ...asking('3'), ...important });
  await addNode(client, 'a');
  await start();
  await boundTo('urgent', 'a');
  t.equal((await get('early')).spec.nodeName, undefined);
});

t.test('a pod with scheduling gates waits in silence until they are gone', async (t) => {
  const { client, start, make, get, boundTo, recorder } = await setUp(t);
  await addNode(client, 'a');
  await start();
  await make('gated', { schedulingGates: [{ name: 'example.com/quota' }] });
  await quiet();
  t.match((await get('gated')).status?.conditions, [
    { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' },
  ]);
  t.same(recorder.lines, []);
  await t.rejects(client.bind('default/gated', 'a'), { message: /has non-empty .spec.schedulingGates/ });
  await client.patch(pods, 'default/gated', { type: 'merge', body: { spec: { schedulingGates: [] } } });
  await boundTo('gated', 'a');
});

t.test(
  'two schedulers share the boards: each binds its own, and room that one takes counts for both',
  async (t) => {
    const { client, start, make, get, boundTo, informers } = await setUp(t);
    await addNode(client, 'a');
    const binding: Promise<void>[] = [];
    const follow = informers.for(pods).subscribe({
      onAdd: ({ spec, metadata }) => {
        if (spec.schedulerName === 'other') binding.push(client.bind(`default/${metadata.name}`, 'a'));
      },
    });
    t.teardown(follow);
    await start();
    await make('theirs', { ...asking('3'), schedulerName: 'other' });
    await boundTo('theirs', 'a');
    await Promise.all(binding);
    await make('ours', asking('3'));
    await settles(async () => (await get('ours')).status?.conditions !== undefined);
    t.match((await get('ours')).status?.conditions?.[0]?.message, /1 Insufficient cpu/);
  },
);

t.test(
  'a claim that waits for its consumer is told the board; the pod follows when it is bound',
  async (t) => {
    const { client, start, make, get, boundTo } = await setUp(t);
    await addNode(client, 'a');
    await client.create(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local' },
      provisioner: 'example.com/path',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await client.create<PersistentVolumeClaim>(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'default' },
      spec: {
        storageClassName: 'local',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
      },
    });
    await start();
    await make('one', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] });
    const claim = () => client.get(persistentVolumeClaims, 'default/data');
    await settles(
      async () => (await claim()).metadata.annotations?.['volume.kubernetes.io/selected-node'] === 'a',
    );
    t.equal((await get('one')).spec.nodeName, undefined);
    await client.patch(persistentVolumeClaims, 'default/data', {
      type: 'merge',
      body: { spec: { volumeName: 'v' } },
    });
    const body = { status: { phase: 'Bound' } };
    await client.patch(persistentVolumeClaims, 'default/data', { type: 'merge', body }, 'status');
    await boundTo('one', 'a');
  },
);

t.test('what a resize gives back is given to who waits, once its board has said so', async (t) => {
  const { client, clock, start, make, get, boundTo } = await setUp(t);
  await addNode(client, 'a');
  await start();
  await make('large', asking('3'));
  await boundTo('large', 'a');
  const tell = async (cpu: string) => {
    const statuses = [{ name: 'main', allocatedResources: { cpu } }];
    await client.updateStatus(pods, {
      ...(await get('large')),
      status: { containerStatuses: statuses as never },
    });
  };
  await tell('3');
  await make('waiting', asking('2'));
  await settles(
    async () => findCondition((await get('waiting')).status?.conditions, 'PodScheduled')?.status === 'False',
  );
  const containers = [{ name: 'main', resources: { requests: { cpu: '1' } } }];
  await client.patch(pods, 'default/large', { type: 'strategic', body: { spec: { containers } } }, 'resize');
  await quiet();
  t.equal((await get('waiting')).spec.nodeName, undefined, 'the board has not given it back yet');
  await tell('1');
  await quiet();
  await clock.advance(1_000);
  await boundTo('waiting', 'a');
});
