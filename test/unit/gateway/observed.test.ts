import t from 'tap';
import { pods } from '../../../src/api/kinds/pod.ts';
import { services } from '../../../src/api/kinds/service.ts';
import type { Service } from '../../../src/api/objects.ts';
import { PASSING, RETAINED } from '../../../src/mqtt/message-bus.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { GatewayLab } from '../../support/gateway-lab.ts';
import { reasonOf } from '../../support/reason-of.ts';

const key = 'default/web';
const phaseOf = async (lab: GatewayLab) => (await lab.client.get(pods, key)).status?.phase;

t.test('what a board reports becomes the status, with what others own kept, and once only', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const pod = await lab.addPod('web', 'pi');
  const scheduled = { type: 'PodScheduled', status: 'True' as const };
  await lab.client.updateStatus(pods, { ...pod, status: { ...pod.status, conditions: [scheduled] } });
  const conditions = [{ type: 'Ready', status: 'True' }];
  lab.report('pi', pod, 'Running', { status: { phase: 'Running', podIP: '10.40.0.2', conditions } });
  await lab.pass(10);
  const written = await lab.client.get(pods, key);
  t.match(written.status, { phase: 'Running', podIP: '10.40.0.2', qosClass: pod.status?.qosClass });
  t.same(written.status?.conditions?.map(({ type }) => type).sort(), ['PodScheduled', 'Ready']);
  lab.report('pi', pod, 'Running', { status: { phase: 'Running', podIP: '10.40.0.2', conditions } });
  await lab.pass(10);
  t.equal((await lab.client.get(pods, key)).metadata.resourceVersion, written.metadata.resourceVersion);
});

t.test(
  'a board speaks of its own pods only, of this uid, in its current session, while it is here',
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    await lab.join('other', 's1');
    const pod = await lab.addPod('web', 'pi');
    lab.report('other', pod, 'Failed');
    lab.report('pi', { ...pod, metadata: { ...pod.metadata, uid: 'earlier' } }, 'Failed');
    await lab.pass(10);
    t.equal(await phaseOf(lab), 'Pending');
    lab.report('pi', pod, 'Failed', { session: 's0' });
    await lab.pass(10);
    t.equal(await phaseOf(lab), 'Pending');
    lab.report('pi', pod, 'Running');
    await lab.pass(10);
    t.equal(await phaseOf(lab), 'Running');
  },
);

t.test("what others write of a board's pods while it is away stands until it speaks again", async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const pod = await lab.addPod('web', 'pi');
  const conditions = [{ type: 'Ready', status: 'True' as const }];
  lab.report('pi', pod, 'Running', { status: { phase: 'Running', conditions } });
  await lab.pass(10);
  lab.state('pi', { session: 's1', online: false });
  await lab.pass(1100);
  const running = await lab.client.get(pods, key);
  const judged = [{ type: 'Ready', status: 'False' as const }];
  await lab.client.updateStatus(pods, { ...running, status: { ...running.status, conditions: judged } });
  await lab.pass(10);
  const readyNow = async () =>
    (await lab.client.get(pods, key)).status?.conditions?.find((c) => c.type === 'Ready')?.status;
  t.equal(await readyNow(), 'False');
  await lab.join('pi', 's2');
  lab.report('pi', pod, 'Running', { session: 's2', status: { phase: 'Running', conditions } });
  await lab.pass(10);
  t.equal(await readyNow(), 'True');
});

t.test(
  'a deleted pod goes when its board says it is terminated, in whichever order the two come',
  async (t) => {
    for (const order of ['deleted first', 'terminated first']) {
      const lab = await GatewayLab.start(t);
      await lab.join('pi');
      const pod = await lab.addPod('web', 'pi');
      lab.report('pi', pod, 'Running');
      await lab.pass(10);
      const remove = () => lab.client.delete(pods, key);
      const terminated = () => lab.report('pi', pod, 'Succeeded', { terminated: true });
      for (const act of order === 'deleted first' ? [remove, terminated] : [terminated, remove]) {
        t.ok(await lab.client.get(pods, key), `still there, ${order}`);
        await act();
        await lab.pass(10);
      }
      t.equal(await reasonOf(lab.client.get(pods, key)), 'NotFound');
    }
  },
);

t.test('a pod of the same name made since is not removed by the report on the old one', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const old = await lab.addPod('web', 'pi');
  await lab.client.delete(pods, key, { gracePeriodSeconds: 0 });
  await lab.addPod('web', 'pi');
  await lab.client.delete(pods, key);
  lab.report('pi', old, 'Succeeded', { terminated: true });
  await lab.pass(10);
  t.ok((await lab.client.get(pods, key)).metadata.deletionTimestamp);
});

t.test('a finished pod stays finished', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const pod = await lab.addPod('web', 'pi');
  await lab.client.updateStatus(pods, {
    ...pod,
    status: { ...pod.status, phase: 'Failed', reason: 'Evicted' },
  });
  lab.report('pi', pod, 'Running');
  await lab.pass(10);
  t.equal(await phaseOf(lab), 'Failed');
});

t.test('reports that are not in the index of the current session are cleared from the broker', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const pod = await lab.addPod('web', 'pi');
  const lost = await lab.addPod('lost', 'pi');
  lab.report('pi', pod, 'Running');
  lab.report('pi', lost, 'Running');
  const index = (session: string) => {
    const pods = { [key]: { uid: pod.metadata.uid } };
    lab.bus.publish(topics.observedIndex('pi'), { session, pods }, RETAINED);
  };
  index('s0');
  t.equal(lab.bus.topics('edge/v1/nodes/pi/observed/pods/#').length, 2, 'an old session clears nothing');
  index('s1');
  t.same(lab.bus.topics('edge/v1/nodes/pi/observed/pods/#'), [topics.observedPod('pi', key)]);
});

t.test('events of a board are recorded for its own pods only', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const pod = await lab.addPod('web', 'pi');
  await lab.pass(1);
  const event = {
    session: 's1',
    key,
    uid: pod.metadata.uid,
    type: 'Warning',
    reason: 'BackOff',
    message: 'again',
  };
  lab.bus.publish(topics.nodeEvents('pi'), { ...event, fieldPath: 'spec.containers{c}' }, PASSING);
  lab.bus.publish(topics.nodeEvents('other'), event, PASSING);
  lab.bus.publish(topics.nodeEvents('pi'), { ...event, uid: 'another' }, PASSING);
  t.match(lab.cluster.recorder.events, [
    { type: 'Warning', reason: 'BackOff', component: 'kubelet', host: 'pi', fieldPath: 'spec.containers{c}' },
  ]);
  t.equal(lab.cluster.recorder.events.length, 1);

  const ago = { firstMs: 9_000, lastMs: 4_000 };
  lab.bus.publish(topics.nodeEvents('pi'), { ...event, count: 3, ago }, PASSING);
  t.match(lab.cluster.recorder.events[1], { count: 3, ago });
  lab.bus.publish(topics.nodeEvents('pi'), { ...event, count: -3, ago: { firstMs: 1, lastMs: 4 } }, PASSING);
  t.same(
    [lab.cluster.recorder.events[2]?.count, lab.cluster.recorder.events[2]?.ago],
    [undefined, undefined],
  );
  lab.bus.publish(topics.nodeEvents('pi'), { ...event, ago: { firstMs: 1e13, lastMs: 0 } }, PASSING);
  t.match(lab.cluster.recorder.events[3]?.ago, { firstMs: 30 * 24 * 3_600_000, lastMs: 0 });
});

t.test('any board may speak of a Service, which all of them forward, by its uid', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const service = await lab.client.create<Service>(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { ports: [{ port: 80 }] },
  });
  await lab.pass(1);
  const { uid } = service.metadata;
  const event = {
    session: 's1',
    kind: 'Service',
    key,
    uid,
    type: 'Warning',
    reason: 'PortInUse',
    message: 'x',
  };
  lab.bus.publish(topics.nodeEvents('pi'), event, PASSING);
  lab.bus.publish(topics.nodeEvents('pi'), { ...event, uid: 'another' }, PASSING);
  lab.bus.publish(topics.nodeEvents('pi'), { ...event, kind: 'Secret' }, PASSING);
  t.match(lab.cluster.recorder.events, [
    { object: { kind: 'Service' }, reason: 'PortInUse', component: 'kube-proxy', host: 'pi' },
  ]);
  t.equal(lab.cluster.recorder.events.length, 1);
});

t.test('a board speaks of its own Node before that is there, and of no other', async (t) => {
  const lab = await GatewayLab.start(t);
  const event = {
    session: 's1',
    kind: 'Node',
    key: 'new',
    uid: '',
    type: 'Warning',
    reason: 'FailedStaticPod',
    message: 'x',
  };
  lab.bus.publish(topics.nodeEvents('new'), event, PASSING);
  lab.bus.publish(topics.nodeEvents('other'), event, PASSING);
  t.match(lab.cluster.recorder.events, [
    { object: { kind: 'Node', metadata: { name: 'new' } }, host: 'new' },
  ]);
  t.equal(lab.cluster.recorder.events.length, 1);
});
