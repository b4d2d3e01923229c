// Words of events are from upstream's pkg/controller/tainteviction and pkg/controller/nodelifecycle, rules from
// https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
import t, { type Test } from 'tap';
import { findCondition } from '../../../src/api/conditions.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { pods } from '../../../src/api/kinds/pod.ts';
import type { core, Pod } from '../../../src/api/objects.ts';
import { defaultClusterNetwork } from '../../../src/base/cluster-network.ts';
import { defaultDisruptionPolicy } from '../../../src/controllers/node-disruption.ts';
import { NodeIpamController } from '../../../src/controllers/node-ipam.ts';
import { NodeLifecycleController } from '../../../src/controllers/node-lifecycle.ts';
import { PodGarbageCollector } from '../../../src/controllers/pod-gc.ts';
import { TaintEvictionController } from '../../../src/controllers/taint-eviction.ts';
import { addNode, memoryCluster, setNodeReady } from '../../support/memory-cluster.ts';
import { quiet, settles } from '../../support/settles.ts';

async function setUp(t: Test, network?: Parameters<typeof memoryCluster>[0]) {
  const cluster = await memoryCluster(network);
  t.teardown(() => cluster.stop());
  const { client, clock, options } = cluster;
  const start = () =>
    cluster.run(
      new NodeIpamController(options),
      new NodeLifecycleController(options),
      new TaintEvictionController(options),
      new PodGarbageCollector(options),
    );
  return {
    ...cluster,
    start,
    ready: (name: string, status: 'True' | 'False' | 'Unknown') =>
      setNodeReady(client, name, status, clock.now()),
    place: async (name: string, node: string, spec: Partial<core.PodSpec> = {}) => {
      const metadata = { name, namespace: 'default' };
      const full = { containers: [{ name: 'c', image: 'e.com/c:1' }], ...spec };
      await client.create<Pod>(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: full });
      await client.bind(`default/${name}`, node);
      const body = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
      await client.patch(pods, `default/${name}`, { type: 'strategic', body }, 'status');
    },
    pod: (name: string) => client.get(pods, `default/${name}`),
    names: async () => (await client.list(pods)).items.map(({ metadata }) => metadata.name).sort(),
    taints: async (name: string) =>
      ((await client.get(nodes, name)).spec.taints ?? []).map(
        ({ key, effect }) => `${key.split('/')[1]}:${effect}`,
      ),
  };
}

t.test(
  'a board out of reach is tainted, its pods leave their Services at once and are evicted after 5 s',
  async (t) => {
    const { client, clock, start, ready, place, pod, taints, recorder } = await setUp(t);
    await addNode(client, 'a');
    await addNode(client, 'b');
    await place('one', 'a');
    await place('other', 'b');
    await start();
    await ready('a', 'Unknown');
    await settles(async () => (await taints('a')).length === 2);
    t.same(await taints('a'), ['unreachable:NoSchedule', 'unreachable:NoExecute']);
    await settles(
      async () => findCondition((await pod('one')).status?.conditions, 'Ready')?.status === 'False',
    );
    await quiet();
    await clock.advance(4_900);
    await quiet();
    t.equal((await pod('one')).metadata.deletionTimestamp, undefined);
    await clock.advance(100);
    await settles(async () => (await pod('one')).metadata.deletionTimestamp !== undefined);
    t.equal((await pod('one')).metadata.deletionGracePeriodSeconds, 2);
    t.match(findCondition((await pod('one')).status?.conditions, 'DisruptionTarget'), {
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    });
    t.equal((await pod('other')).metadata.deletionTimestamp, undefined);
    t.equal(findCondition((await pod('other')).status?.conditions, 'Ready')?.status, 'True');
    for (const reason of ['NodeNotReady', 'TaintManagerEviction']) {
      t.ok(
        recorder.events.some((event) => event.reason === reason),
        reason,
      );
    }
  },
);

t.test(
  'a board that returns in time keeps its pods, and the next time the wait is whole again',
  async (t) => {
    const { client, clock, start, ready, place, pod, taints, recorder } = await setUp(t);
    await addNode(client, 'a');
    await addNode(client, 'b');
    await place('one', 'a');
    await start();
    for (let i = 0; i < 3; i++) {
      await ready('a', 'Unknown');
      await settles(async () => (await taints('a')).length === 2);
      await quiet();
      await clock.advance(3_000);
      await ready('a', 'True');
      await settles(async () => (await taints('a')).length === 0);
      await clock.advance(3_000);
      await quiet();
    }
    t.equal((await pod('one')).metadata.deletionTimestamp, undefined);
    const cancelled = recorder.lines.filter((line) => line.startsWith('TaintManagerEviction'));
    t.same(cancelled, new Array(3).fill('TaintManagerEviction: Cancelling deletion of Pod default/one'));
    await client.delete(nodes, 'b');
    await settles(() =>
      recorder.lines.includes('RemovingNode: Node b event: Removing Node b from Controller'),
    );
    t.ok(recorder.lines.includes('RegisteredNode: Node a event: Registered Node a in Controller'));
  },
);

t.test('while no board is ready nothing is evicted; when one is, the wait begins', async (t) => {
  const { client, clock, start, ready, place, pod, taints } = await setUp(t);
  await addNode(client, 'a');
  await addNode(client, 'b');
  await place('one', 'a');
  await start();
  await ready('a', 'Unknown');
  await ready('b', 'Unknown');
  await settles(async () => (await taints('b')).length === 2);
  await quiet();
  await clock.advance(60_000);
  await quiet();
  t.equal((await pod('one')).metadata.deletionTimestamp, undefined);
  await ready('b', 'True');
  await quiet();
  await clock.advance(4_900);
  await quiet();
  t.equal((await pod('one')).metadata.deletionTimestamp, undefined);
  await clock.advance(100);
  await settles(async () => (await pod('one')).metadata.deletionTimestamp !== undefined);
});

t.test(
  'a pod that tolerates a lost board for ever stays; one bound to it later is evicted too',
  async (t) => {
    const { client, clock, start, ready, place, pod, taints } = await setUp(t);
    await addNode(client, 'a');
    await addNode(client, 'b');
    await place('loyal', 'a', { tolerations: [{ operator: 'Exists' }] });
    await start();
    await ready('a', 'Unknown');
    await settles(async () => (await taints('a')).length === 2);
    await clock.advance(60_000);
    await place('late', 'a');
    await settles(async () => (await pod('late')).metadata.deletionTimestamp !== undefined);
    t.equal((await pod('loyal')).metadata.deletionTimestamp, undefined);
  },
);

t.test('a person’s NoExecute taint evicts at once, with the pod’s own grace', async (t) => {
  const { client, start, place, pod } = await setUp(t);
  await addNode(client, 'a');
  await place('one', 'a', { terminationGracePeriodSeconds: 17 });
  await start();
  const body = { spec: { taints: [{ key: 'repair', effect: 'NoExecute' }] } };
  await client.patch(nodes, 'a', { type: 'merge', body });
  await settles(async () => (await pod('one')).metadata.deletionGracePeriodSeconds === 17);
});

t.test('a board that says itself that it is not ready speaks for its own pods', async (t) => {
  const { client, start, ready, place, pod, taints } = await setUp(t);
  await addNode(client, 'a');
  await addNode(client, 'b');
  await place('one', 'a');
  await start();
  await ready('a', 'False');
  await settles(async () => (await taints('a')).length === 2);
  await quiet();
  t.same(await taints('a'), ['not-ready:NoSchedule', 'not-ready:NoExecute']);
  t.equal(findCondition((await pod('one')).status?.conditions, 'Ready')?.status, 'True');
});

t.test('every board gets a range of its own, keeps it, and a freed one is given again', async (t) => {
  const { client, start } = await setUp(t);
  const cidr = async (name: string) => (await client.get(nodes, name)).spec.podCIDR;
  await addNode(client, 'given', { spec: { podCIDR: '10.40.2.0/23', podCIDRs: ['10.40.2.0/23'] } });
  await start();
  await Promise.all(['a', 'b', 'c'].map((name) => addNode(client, name)));
  await settles(async () => (await Promise.all(['a', 'b', 'c'].map(cidr))).every(Boolean));
  const all = await Promise.all(['given', 'a', 'b', 'c'].map(cidr));
  t.same(all.toSorted(), ['10.40.0.0/23', '10.40.2.0/23', '10.40.4.0/23', '10.40.6.0/23']);
  const freed = await cidr('b');
  await client.delete(nodes as never, 'b');
  await addNode(client, 'd');
  await settles(async () => (await cidr('d')) === freed);
});

t.test('boards get a range of each family, those that were there before the second too', async (t) => {
  const ipv6 = { podRange: 'fd00:10:40::/48', nodePrefix: 64, serviceRange: 'fd00:10:48::/112' };
  const { client, start } = await setUp(t, { ...defaultClusterNetwork, ipv6 });
  await addNode(client, 'old');
  const body = { spec: { podCIDR: '10.40.6.0/23', podCIDRs: ['10.40.6.0/23'] } };
  await client.patch(nodes, 'old', { type: 'merge', body });
  await addNode(client, 'new');
  await start();
  const ranges = async (name: string) => (await client.get(nodes, name)).spec.podCIDRs?.join(' ');
  const given = () => Promise.all([ranges('old'), ranges('new')]);
  await settles(async () => (await given()).every((text) => text?.includes(' fd00')));
  const shares = (await given()).map((text) => text?.split(' ')[1]).sort();
  t.same(shares, ['fd00:10:40:1::/64', 'fd00:10:40::/64']);
  t.match(await ranges('old'), /^10\.40\.6\.0\/23 /, 'what it had stays');
});

t.test('a board for which no range is left hears so, and gets the next that is freed', async (t) => {
  const network = {
    podRange: '10.40.0.0/24',
    nodePrefix: 25,
    serviceRange: '10.48.0.0/16',
    nodePorts: { first: 30000, last: 32767 },
  };
  const { client, start, recorder } = await setUp(t, network);
  await start();
  for (const name of ['a', 'b', 'c']) await addNode(client, name);
  await settles(() => recorder.events.some(({ reason }) => reason === 'CIDRNotAvailable'));
  const cidr = async (name: string) => (await client.get(nodes, name)).spec.podCIDR;
  t.equal(await cidr('c'), undefined);
  const freed = await cidr('a');
  await client.delete(nodes as never, 'a');
  await settles(async () => (await cidr('c')) === freed);
});

t.test('a removed board takes its pods with it', async (t) => {
  const { client, start, place, names } = await setUp(t);
  await addNode(client, 'a');
  await addNode(client, 'b');
  await place('one', 'a');
  await place('other', 'b');
  await start();
  await client.delete(nodes as never, 'a');
  await settles(async () => (await names()).join() === 'other');
});

t.test('a pod that goes with its board says so', async (t) => {
  const { client, start, place, pod } = await setUp(t);
  await addNode(client, 'a');
  await place('held', 'a');
  const body = { metadata: { finalizers: ['e.com/held'] } };
  await client.patch(pods, 'default/held', { type: 'merge', body });
  await start();
  await client.delete(nodes as never, 'a');
  await settles(async () => (await pod('held')).metadata.deletionTimestamp !== undefined);
  t.match(findCondition((await pod('held')).status?.conditions, 'DisruptionTarget'), {
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
  });
});

t.test('pods of a board that was never seen get 40 s in which it may appear', async (t) => {
  const { client, clock, start, place, names } = await setUp(t);
  await place('early', 'coming');
  await place('lost', 'nowhere');
  await start();
  await quiet();
  await clock.advance(39_000);
  await addNode(client, 'coming');
  await quiet();
  t.same(await names(), ['early', 'lost']);
  await clock.advance(1_000);
  await settles(async () => (await names()).join() === 'early');
});

t.test('a pod that goes before any board had it is removed', async (t) => {
  const { client, start, names } = await setUp(t);
  await start();
  const metadata = { name: 'held', namespace: 'default', finalizers: ['example.com/hold'] };
  const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
  await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
  await client.delete(pods as never, 'default/held');
  await client.patch(pods, 'default/held', { type: 'merge', body: { metadata: { finalizers: null } } });
  await settles(async () => (await names()).length === 0);
});

t.test('pods of a lost board go at once when a person declares it out of service', async (t) => {
  const { client, clock, start, ready, place, names, pod, taints } = await setUp(t);
  await addNode(client, 'a');
  await addNode(client, 'b');
  await place('one', 'a');
  await place('other', 'b');
  await start();
  await ready('a', 'Unknown');
  await settles(async () => (await taints('a')).length === 2);
  await clock.advance(5_000);
  await settles(async () => (await pod('one')).metadata.deletionTimestamp !== undefined);
  await clock.advance(600_000);
  await quiet();
  t.same(await names(), ['one', 'other'], 'without a word nothing is removed');
  const outOfService = {
    key: 'node.kubernetes.io/out-of-service',
    value: 'nodeshutdown',
    effect: 'NoExecute',
  };
  const declare = async (name: string) => {
    const spec = { taints: [...((await client.get(nodes, name)).spec.taints ?? []), outOfService] };
    await client.patch(nodes, name, { type: 'merge', body: { spec } });
  };
  await declare('a');
  await settles(async () => (await names()).join() === 'other');
  await declare('b');
  await settles(async () => (await pod('other')).metadata.deletionTimestamp !== undefined);
  await quiet();
  t.same(await names(), ['other'], 'a board that still speaks ends its pods itself');
});

t.test(
  'when most of three boards go together nothing moves for two minutes, then one board at a time',
  async (t) => {
    const { client, clock, start, ready, place, pod, taints } = await setUp(t);
    for (const name of ['a', 'b', 'c']) await addNode(client, name);
    await place('one', 'a');
    await place('two', 'b');
    await start();
    await ready('a', 'Unknown');
    await ready('b', 'Unknown');
    await settles(async () => (await taints('b')).length === 2);
    await quiet();
    await clock.advance(119_900);
    await quiet();
    t.equal((await pod('one')).metadata.deletionTimestamp, undefined);
    await clock.advance(100);
    await settles(async () => (await pod('one')).metadata.deletionTimestamp !== undefined);
    t.equal((await pod('two')).metadata.deletionTimestamp, undefined);
    await clock.advance(10_000);
    await settles(async () => (await pod('two')).metadata.deletionTimestamp !== undefined);
  },
);

t.test('a master that has just started gives boards that were lost before 20 s to report', async (t) => {
  const cluster = await memoryCluster();
  t.teardown(() => cluster.stop());
  const { client, clock, options } = cluster;
  await addNode(client, 'a');
  await addNode(client, 'b');
  await setNodeReady(client, 'a', 'Unknown', clock.now());
  const spec = { containers: [{ name: 'c', image: 'e.com/c:1' }] };
  await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'one', namespace: 'default' },
    spec,
  });
  await client.bind('default/one', 'a');
  const disruption = defaultDisruptionPolicy;
  await cluster.run(
    new NodeLifecycleController(options),
    new TaintEvictionController({ ...options, disruption }),
  );
  const isLeaving = async () =>
    (await client.get(pods, 'default/one')).metadata.deletionTimestamp !== undefined;
  await quiet();
  await clock.advance(19_900);
  await quiet();
  t.equal(await isLeaving(), false);
  await clock.advance(100);
  await settles(isLeaving);
});
