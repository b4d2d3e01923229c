import t from 'tap';
import { findCondition } from '../../../src/api/conditions.ts';
import { nodes } from '../../../src/api/kinds/node.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { birth, GatewayLab } from '../../support/gateway-lab.ts';
import { addNode } from '../../support/memory-cluster.ts';
import { reasonOf } from '../../support/reason-of.ts';

const readyOf = async (lab: GatewayLab, node: string) => {
  const { status } = await lab.client.get(nodes, node);
  const { status: ready, reason, message } = findCondition(status?.conditions, 'Ready') ?? {};
  return { ready, reason, message };
};

t.test(
  'a board that comes is registered with what it says of itself, and no label but its own',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    const node = await lab.client.get(nodes, 'pi');
    t.match(node.status, { addresses: birth.addresses, capacity: birth.capacity, nodeInfo: birth.nodeInfo });
    t.equal(node.metadata.labels?.['kubernetes.io/hostname'], 'pi');
    t.notOk(node.metadata.labels?.['example.com/stolen']);
    t.match(await readyOf(lab, 'pi'), { ready: 'True', reason: 'KubeletReady' });
  },
);

t.test(
  "a person's labels, taints and cordon outlive the board's next sessions, and beats write nothing",
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    const node = await lab.client.get(nodes, 'pi');
    const labels = { ...node.metadata.labels, role: 'door' };
    await lab.client.update(nodes, {
      ...node,
      metadata: { ...node.metadata, labels },
      spec: { ...node.spec, unschedulable: true },
    });
    await lab.pass(10);
    const before = await lab.client.get(nodes, 'pi');
    lab.state('pi', { session: 's2', birth });
    for (let n = 0; n < 5; n += 1) {
      lab.beat('pi', 's2');
      await lab.pass(3000);
    }
    const after = await lab.client.get(nodes, 'pi');
    t.same(after, before, 'not written at all');
    t.same(
      [...lab.gateway.metrics.nodes()].map(({ node }) => node),
      ['pi'],
      'but they are heard',
    );
  },
);

t.test('extended resources that a person adds are allocatable until they are taken away again', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const write = async (capacity: Record<string, string>) => {
    const node = await lab.client.get(nodes, 'pi');
    await lab.client.updateStatus(nodes, { ...node, status: { ...node.status, capacity } });
    await lab.pass(10);
    return (await lab.client.get(nodes, 'pi')).status;
  };
  const { capacity, allocatable } = birth;
  const dongles = { 'example.com/dongle': '3' };
  const known = { capacity: { ...capacity, ...dongles }, allocatable: { ...allocatable, ...dongles } };
  const strange = { cpu: '99', 'hugepages-2Mi': '1Gi', 'devices.kubernetes.io/x': '1' };
  const { capacity: got, allocatable: free } = (await write({ ...capacity, ...dongles, ...strange })) ?? {};
  t.same({ capacity: got, allocatable: free }, known, 'what the board itself tells cannot be written over');
  lab.state('pi', { session: 's2', birth });
  await lab.pass(10);
  t.match((await lab.client.get(nodes, 'pi')).status, known, 'nor does its next session forget them');
  const after = await write(capacity);
  t.same(after?.capacity, capacity);
  t.same(after?.allocatable, allocatable);
});

t.test('a will counts only when no newer session shows within a second', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  lab.state('pi', { session: 's1', online: false });
  await lab.pass(900);
  t.match(await readyOf(lab, 'pi'), { ready: 'True' });
  lab.state('pi', { session: 's2', birth });
  await lab.pass(2000);
  t.match(await readyOf(lab, 'pi'), { ready: 'True' }, 'the take-over');
  lab.state('pi', { session: 's1', online: false });
  await lab.pass(2000);
  t.match(await readyOf(lab, 'pi'), { ready: 'True' }, 'a late will of the old session');
  lab.state('pi', { session: 's2', online: false });
  await lab.pass(1100);
  t.match(await readyOf(lab, 'pi'), {
    ready: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
  });
});

t.test('a board whose beats stop is Unknown after 8 s, and back with its next beat', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  for (let n = 0; n < 4; n += 1) {
    await lab.pass(3000);
    lab.beat('pi');
  }
  await lab.pass(7900);
  t.match(await readyOf(lab, 'pi'), { ready: 'True' });
  await lab.pass(200);
  t.match(await readyOf(lab, 'pi'), { ready: 'Unknown' });
  lab.beat('pi', 'not-its-session');
  await lab.pass(10);
  t.match(await readyOf(lab, 'pi'), { ready: 'Unknown' });
  lab.beat('pi');
  await lab.pass(10);
  t.match(await readyOf(lab, 'pi'), { ready: 'True' });
});

t.test('a master that has just started waits 20 s for the boards it knows', async (t) => {
  const lab = await GatewayLab.start(t, ({ client }) => addNode(client, 'pi'));
  await lab.pass(19_900);
  t.match(await readyOf(lab, 'pi'), { ready: 'True' });
  await lab.pass(200);
  t.match(await readyOf(lab, 'pi'), { ready: 'Unknown', reason: 'NodeStatusUnknown' });
});

t.test('a Node without a board says that none ever came', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'ghost' }, spec: {} });
  await lab.pass(21_000);
  await lab.pass(21_000);
  t.match(await readyOf(lab, 'ghost'), { ready: 'Unknown', reason: 'NodeStatusNeverUpdated' });
});

t.test('a problem of the board makes it not ready, with its reason, and its end ready again', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const problem = { reason: 'PodmanMissing', message: 'podman is not installed: apt install podman' };
  lab.state('pi', { session: 's1', birth, problem });
  await lab.pass(10);
  t.match(await readyOf(lab, 'pi'), { ready: 'False', ...problem });
  lab.state('pi', { session: 's1', birth });
  await lab.pass(10);
  t.match(await readyOf(lab, 'pi'), { ready: 'True' });
});

t.test(
  'of a deleted Node nothing stays on the broker, and its board is registered by its next session',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    const pod = await lab.addPod('web', 'pi');
    lab.report('pi', pod, 'Running');
    await lab.pass(10);
    await lab.client.delete(nodes, 'pi');
    await lab.pass(10);
    t.same(lab.bus.topics('edge/v1/nodes/pi/#'), []);
    lab.beat('pi');
    await lab.pass(10);
    t.equal(await reasonOf(lab.client.get(nodes, 'pi')), 'NotFound');
    lab.state('pi', { session: 's2', birth });
    await lab.pass(10);
    t.match(await readyOf(lab, 'pi'), { ready: 'True' });
  },
);

t.test('malformed messages of a board change nothing', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const before = await lab.client.get(nodes, 'pi');
  for (const payload of [
    {},
    { online: 'yes', session: 's9' },
    { online: true },
    { online: true, session: 4 },
    [],
  ]) {
    lab.bus.publish(topics.state('pi'), payload, { retain: false, qos: 1 });
    lab.bus.publish(topics.heartbeat('pi'), payload, { retain: false, qos: 1 });
    lab.bus.publish(topics.observedIndex('pi'), payload, { retain: false, qos: 1 });
    lab.bus.publish(topics.observedPod('pi', 'a/b'), payload, { retain: false, qos: 1 });
    lab.bus.publish(topics.nodeEvents('pi'), payload, { retain: false, qos: 1 });
  }
  await lab.pass(10);
  t.same(await lab.client.get(nodes, 'pi'), before);
});

t.test('a session is asked of a board that is here, and refused for one that is not', async (t) => {
  const lab = await GatewayLab.start(t);
  const request = {
    id: 'r',
    path: '/edge/v1/sessions/r',
    kind: 'logs',
    pod: 'd/p',
    podUid: 'u',
    logs: {},
  } as never;
  await t.rejects(lab.gateway.request('pi', request), { reason: 'ServiceUnavailable', message: /pi/ });
  await lab.join('pi');
  await lab.gateway.request('pi', request);
  t.ok(lab.bus.log.includes(topics.sessions('pi')));
  t.same(lab.bus.topics(topics.sessions('pi')), [], 'not kept');
});

t.test(
  'conditions of the board stand on its Node, of its own kinds only, and are Unknown when it is silent',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    const disk = {
      type: 'DiskPressure',
      status: 'True',
      reason: 'KubeletHasDiskPressure',
      message: 'm',
    } as const;
    const hot = {
      type: 'HighTemperature',
      status: 'True',
      reason: 'ProcessorTooHot',
      message: 'hot',
    } as const;
    const stolen = { type: 'FrequentKubeletRestart', status: 'True', reason: 'r', message: 'm' };
    lab.state('pi', { session: 's1', birth, conditions: [disk, hot, stolen as never] });
    await lab.pass(10);
    const before = await lab.client.get(nodes, 'pi');
    t.match(findCondition(before.status?.conditions, 'DiskPressure'), disk);
    t.match(findCondition(before.status?.conditions, 'HighTemperature'), hot);
    t.equal(findCondition(before.status?.conditions, 'FrequentKubeletRestart'), undefined);
    await lab.pass(3000);
    lab.state('pi', { session: 's1', birth, conditions: [disk, hot] });
    await lab.pass(10);
    t.same(await lab.client.get(nodes, 'pi'), before, 'the same again writes nothing');
    await lab.pass(9000);
    const { status } = await lab.client.get(nodes, 'pi');
    t.match(findCondition(status?.conditions, 'DiskPressure'), {
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
    });
    t.match(findCondition(status?.conditions, 'HighTemperature'), hot);
  },
);
