import t, { type Test } from 'tap';
import { findCondition } from '../../../src/api/conditions.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import type { Pod } from '../../../src/api/objects.ts';
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
  const make = (name: string, spec: object = {}) =>
    cluster.client.create<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { containers: [{ name: 'main', image: 'example.com/x:1', ...spec }], ...spec },
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
  const why = '0/1 nodes are available: 1 Insufficient cpu.';
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

t.test('a binding that fails is tried again and its room is not lost', async (t) => {
  let failures = 1;
  const { client, clock, start, make, boundTo } = await setUp(t, (client) => {
    const flaky = Object.create(client) as Client;
    flaky.bind = async (podKey, nodeName) => {
      if (failures-- > 0) throw unavailable('not now');
      await client.bind(podKey, nodeName);
    };
    return flaky;
  });
  await addNode(client, 'a');
  await start();
  await make('one', asking('4'));
  await quiet();
  await clock.advance(1000);
  await boundTo('one', 'a');
});
