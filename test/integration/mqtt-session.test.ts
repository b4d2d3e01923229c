// The agent's session and views against a real broker: births, wills, take-over, loss and return.
import { queryObjects } from 'node:v8';
import { writeToStream } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { DesiredSource, StatusSink } from '../../src/kubelet/ports.ts';
import { AgentLink } from '../../src/mqtt/agent-link.ts';
import { PASSING, RETAINED } from '../../src/mqtt/message-bus.ts';
import { topics } from '../../src/mqtt/topics.ts';
import { CuttableLink } from '../support/cuttable-link.ts';
import { eventually } from '../support/eventually.ts';
import { MqttLab } from '../support/mqtt-lab.ts';

/** mqtt-packet's, one Buffer each. */
const TABLE_ENTRIES = 65_536;

const pod = (name: string, uid: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid, resourceVersion: '', creationTimestamp: '' },
  spec: { containers: [] },
});

async function linkFor(t: Test, lab: MqttLab, node: string) {
  const session = await lab.session(node);
  const link = new AgentLink({ session, clock: systemClock, logger: silentLogger });
  await link.start();
  t.teardown(() => link.stop());
  return { session, link };
}

const statesOf = (lab: MqttLab, node: string) => {
  const states: { online: boolean; session: string }[] = [];
  lab.broker.subscribe(topics.state(node), ({ payload }) => states.push(JSON.parse(String(payload))));
  return states;
};

t.test("a reconnect publishes the old session's will before the new session's birth", async (t) => {
  const lab = await MqttLab.start(t);
  const states = statesOf(lab, 'a');
  const first = await lab.session('a');
  await first.start();
  await eventually(() => states.length === 1);
  const second = await lab.session('a');
  await second.start();
  await eventually(() => states.length === 3);
  const [born, gone, reborn] = states;
  t.match(born, { online: true });
  t.match(gone, { online: false, session: born?.session });
  t.match(reborn, { online: true });
  t.not(reborn?.session, born?.session);
  await first.stop();
});

t.test('a session that the time stands in the way of says so, and what to do', async (t) => {
  const lab = await MqttLab.start(t);
  const whys: string[] = [];
  const warn = (fields: { why?: string }) => void whys.push(fields.why ?? '');
  const logger = { ...silentLogger, warn } as typeof silentLogger;
  const inYears = (years: number) => ({
    ...systemClock,
    now: () => Date.now() + years * 365 * 24 * 3_600_000,
  });
  const late = await lab.session('a', { clock: inYears(30), logger });
  const inTime = await lab.session('b', { clock: inYears(1), logger });
  await lab.broker.stop();
  await late.start();
  t.match(
    await eventually(() => whys.shift() ?? false),
    /^this board's certificate ended at 20.*its clock shows 20.*set the clock.*else start its agent with --token/,
  );
  await late.stop();
  whys.length = 0;
  await inTime.start();
  t.notMatch(await eventually(() => whys.shift() ?? false), /certificate/);
  await inTime.stop();
});

t.test('a board that goes says so itself; one that is cut off is declared gone by its will', async (t) => {
  const lab = await MqttLab.start(t);
  const states = statesOf(lab, 'a');
  const session = await lab.session('a');
  await session.start();
  await eventually(() => states.length === 1);
  await session.stop();
  t.match(states.at(-1), { online: false, session: states[0]?.session });
  t.equal(states.length, 2, 'said once');

  const cut = await lab.client('b', {
    will: { topic: topics.state('b'), payload: Buffer.from('{"online":false}'), qos: 1, retain: true },
  });
  const lost = statesOf(lab, 'b');
  cut.mqtt.stream.destroy();
  await eventually(() => lost.some(({ online }) => !online));
});

t.test('a board goes although the master does not answer what it was sent last', async (t) => {
  const lab = await MqttLab.start(t);
  const states = statesOf(lab, 'a');
  const relay = new CuttableLink(() => lab.broker.port);
  await relay.start();
  t.teardown(() => relay.stop());
  const session = await lab.session('a', { port: relay.port });
  await session.start();
  await eventually(() => states.length === 1);
  relay.hush();
  session.publish(topics.state('a'), { online: true }, RETAINED).catch(() => undefined);
  const begunMs = performance.now();
  await session.stop();
  t.ok(performance.now() - begunMs < 4_000, 'soon');
  await eventually(() => relay.connections === 0, 2_000);
  t.pass('and nothing of it stays open');
});

t.test('a silent board is given up within 6 s: its will is published', async (t) => {
  const lab = await MqttLab.start(t);
  const states = statesOf(lab, 'a');
  const silent = await lab.client('a', {
    keepalive: 3,
    will: { topic: topics.state('a'), payload: Buffer.from('{"online":false}'), qos: 1, retain: true },
  });
  const begun = performance.now();
  // As SIGSTOP or a pulled cable: nothing is sent any more, and nothing closes.
  silent.mqtt.stream.pause();
  silent.mqtt.keepaliveManager.destroy();
  await eventually(() => states.some(({ online }) => !online), 8000);
  t.ok(performance.now() - begun < 6000);
});

t.test('an agent sees a complete set, changes, deletions, Services, peers and requests', async (t) => {
  const lab = await MqttLab.start(t);
  const { session, link } = await linkFor(t, lab, 'a');
  const sets: string[] = [];
  const requests: unknown[] = [];
  link.desired.onChange((keys) => sets.push([...keys].sort().join()));
  link.onSessionRequest((request) => requests.push(request));
  const index = (revision: number, pods: object) =>
    lab.broker.publish(
      topics.desiredIndex('a'),
      { epoch: 'e', revision, pods, configs: {}, secrets: {} },
      RETAINED,
    );
  const put = (name: string, revision: number) => {
    const message = { epoch: 'e', revision, pod: pod(name, `uid-${name}`) };
    lab.broker.publish(topics.desired('a', 'pods', `default/${name}`), message, RETAINED);
  };
  put('one', 1);
  put('two', 2);
  index(2, {
    'default/one': { uid: 'uid-one', revision: 1 },
    'default/two': { uid: 'uid-two', revision: 2 },
  });
  await session.start();
  await eventually(() => link.desired.current()?.pods.size === 2);
  t.same(sets, ['default/one,default/two'], 'in one piece');

  await session.stop();
  index(3, { 'default/two': { uid: 'uid-two', revision: 2 } });
  lab.broker.publish(topics.desired('a', 'pods', 'default/one'), undefined, RETAINED);
  t.equal(link.desired.current()?.pods.size, 2, 'nothing is heard while closed');
  session.reopen();
  await eventually(() => link.desired.current()?.pods.size === 1);

  lab.broker.publish(topics.sessions('a'), { id: 'r1' }, PASSING);
  const service = {
    epoch: 'e',
    revision: 5,
    key: 'default/web',
    uid: 'u',
    spec: { clusterIP: '10.48.0.1' },
  };
  const slice = { epoch: 'e', revision: 4, key: 'default/web/web-1', uid: 's', ports: [{ port: 80 }] };
  lab.broker.publish(topics.service(service.key), service, RETAINED);
  lab.broker.publish(topics.service(slice.key), slice, RETAINED);
  const services = {
    [service.key]: { uid: 'u', revision: 5 },
    [slice.key]: { uid: 's', revision: 4 },
  };
  lab.broker.publish(topics.servicesIndex, { epoch: 'e', revision: 5, services }, RETAINED);
  lab.broker.publish(topics.networkPeers, { epoch: 'e', revision: 1, peers: {} }, RETAINED);
  await eventually(
    () => requests.length === 1 && link.services.current()?.size === 1 && link.peers.current(),
  );

  const web = link.services.current()?.get('default/web');
  t.match(web, { uid: 'u', slices: [{ ports: [{ port: 80 }] }] }, 'a Service is seen with its slices');
  const source: DesiredSource = link.desired;
  const sink: StatusSink = link;
  t.ok(source && sink, 'it fits the ports of the kubelet');
});

t.test(
  'what is observed offline arrives with the next session, whole, and what was forgotten goes',
  async (t) => {
    const lab = await MqttLab.start(t);
    const { session, link } = await linkFor(t, lab, 'a');
    const retained = () =>
      [...lab.broker.retained('edge/v1/nodes/a/observed/#')].map(({ topic, payload }) => [
        topic.slice('edge/v1/nodes/a/observed/'.length),
        JSON.parse(String(payload)),
      ]);
    const report = (key: string, phase: string) =>
      link.report({ key, uid: key, status: { phase }, terminated: false });
    report('default/one', 'Pending');
    report('default/one', 'Running');
    report('default/two', 'Running');
    link.event({ key: 'default/one', uid: 'u', type: 'Normal', reason: 'Started', message: 'early' });
    const events: string[] = [];
    lab.broker.subscribe(topics.nodeEvents('a'), ({ payload }) =>
      events.push(JSON.parse(String(payload)).message),
    );
    await session.start();
    await eventually(() => retained().length === 3 && events.length === 1);
    t.match(Object.fromEntries(retained()), {
      'pods/default/one': { status: { phase: 'Running' }, session: session.sessionId },
      index: { pods: { 'default/one': {}, 'default/two': {} } },
    });
    link.forget('default/two');
    await eventually(() => retained().length === 2);
    link.setBirth({ addresses: [], capacity: {}, allocatable: {}, nodeInfo: {} as never, labels: {} });
    link.setProblem({ reason: 'PodmanMissing', message: 'install podman' });
    await eventually(() => {
      const [state] = [...lab.broker.retained(topics.state('a'))];
      return JSON.parse(String(state?.payload)).problem?.reason === 'PodmanMissing';
    });
  },
);

t.test('a session that cannot connect keeps trying, and stopping ends that', async (t) => {
  const lab = await MqttLab.start(t);
  const session = await lab.session('a');
  await lab.broker.stop();
  await session.start();
  t.equal(session.sessionId, undefined);
  await session.stop();
});

t.test('neither end keeps a table of all numbers that a packet may carry', async (t) => {
  const lab = await MqttLab.start(t);
  const session = await lab.session('a');
  await session.start();
  await eventually(() => session.sessionId !== undefined);
  t.ok(arrayBuffers() < TABLE_ENTRIES / 4, `${arrayBuffers()} array buffers`);
  t.equal(writeToStream.cacheNumbers, false);
});

/** All that are alive. */
function arrayBuffers(): number {
  return queryObjects(ArrayBuffer, { format: 'count' }) as number;
}
