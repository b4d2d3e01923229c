// Issue 2, shown by 5 and 7: a board's certificate opens its own part of the tree and nothing else.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import t from 'tap';
import { defaultBrokerLimits } from '../../src/mqtt/broker-limits.ts';
import { RETAINED } from '../../src/mqtt/message-bus.ts';
import { topics } from '../../src/mqtt/topics.ts';
import { eventually } from '../support/eventually.ts';
import { MqttLab } from '../support/mqtt-lab.ts';

const exec = promisify(execFile);
const env = (value: string) => ({
  spec: { containers: [{ name: 'c', env: [{ name: 'PASSWORD', value }] }] },
});

/** What the master has of A and of B, and what all may know. */
function publishTree(lab: MqttLab): void {
  for (const node of ['a', 'b']) {
    lab.broker.publish(topics.desiredIndex(node), { of: node }, RETAINED);
    lab.broker.publish(
      topics.desired(node, 'pods', 'default/web'),
      { pod: env('hunter2'), of: node },
      RETAINED,
    );
    lab.broker.publish(topics.desired(node, 'configs', 'default/conf'), { of: node }, RETAINED);
    lab.broker.publish(
      topics.desired(node, 'secrets', 'default/key'),
      { secret: 'c2VjcmV0', of: node },
      RETAINED,
    );
    lab.broker.publish(topics.sessions(node), { of: node }, { retain: false, qos: 1 });
    lab.broker.publish(topics.state(node), { online: true, of: node }, RETAINED);
    lab.broker.publish(topics.observedIndex(node), { of: node }, RETAINED);
    lab.broker.publish(topics.heartbeat(node), { of: node }, { retain: false, qos: 0 });
  }
  lab.broker.publish(topics.service('default/web'), { service: true }, RETAINED);
  lab.broker.publish(topics.networkPeers, { peers: {} }, RETAINED);
  lab.broker.publish(topics.object('', 'pods', 'default/web'), { object: true }, RETAINED);
  lab.broker.publish(topics.event('default', 'Pod', 'web'), { event: true }, { retain: false, qos: 0 });
}

const bTopics = [
  topics.desiredIndex('b'),
  topics.desired('b', 'pods', 'default/web'),
  topics.desired('b', 'configs', 'default/conf'),
  topics.desired('b', 'secrets', 'default/key'),
  topics.sessions('b'),
  topics.observedIndex('b'),
  topics.observedPod('b', 'default/web'),
  topics.heartbeat('b'),
  topics.nodeEvents('b'),
];
const filters = ['#', '+/#', 'edge/#', 'edge/v1/nodes/+/desired/#', 'edge/v1/nodes/b/#', ...bTopics];
const shared = [topics.service('default/web'), topics.networkPeers, topics.state('a'), topics.state('b')];

for (const when of ['before', 'after']) {
  t.test(
    `subscribed ${when} messages are retained, a board receives what is its own and what all share`,
    async (t) => {
      const lab = await MqttLab.start(t);
      if (when === 'after') publishTree(lab);
      const { mqtt, received } = await lab.client('a');
      for (const filter of filters) await mqtt.subscribeAsync(filter, { qos: 1 });
      if (when === 'before') publishTree(lab);
      await eventually(() => shared.every((topic) => received.some((message) => message.topic === topic)));
      lab.broker.publish(topics.service('z/last'), { last: true }, RETAINED);
      await eventually(() => received.some(({ topic }) => topic === topics.service('z/last')));
      const isOwn = (topic: string) =>
        topic.startsWith('edge/v1/nodes/a/') || topic.startsWith('edge/v1/services/');
      const foreign = received.filter(({ topic }) => !isOwn(topic) && !shared.includes(topic));
      t.same(foreign, []);
      const own = new Set(received.map(({ topic }) => topic));
      t.ok(own.has(topics.desired('a', 'secrets', 'default/key')), 'its own Secret');
      t.match(
        received.find(({ topic }) => topic === topics.desired('a', 'pods', 'default/web'))?.text,
        'hunter2',
      );
    },
  );
}

t.test(
  'what a board publishes outside its own part changes and reaches nothing, and it stays connected',
  async (t) => {
    const lab = await MqttLab.start(t);
    publishTree(lab);
    const { mqtt } = await lab.client('a');
    const before = [...lab.broker.retained('edge/v1/#')].map(({ topic, payload }) => `${topic} ${payload}`);
    const heard: string[] = [];
    lab.broker.subscribe('#', ({ topic }) => heard.push(topic));
    const targets = [
      ...bTopics,
      topics.state('b'),
      topics.desiredIndex('a'),
      topics.desired('a', 'pods', 'default/web'),
      topics.sessions('a'),
      topics.service('default/web'),
      topics.servicesIndex,
      topics.networkPeers,
      topics.object('', 'pods', 'default/web'),
      topics.event('default', 'Pod', 'web'),
      'edge/v1/nodes/a/observed/pods/too/many/levels',
      'elsewhere',
    ];
    for (const topic of targets) await mqtt.publishAsync(topic, '{"evil":true}', { qos: 1, retain: true });
    await mqtt.publishAsync(topics.nodeEvents('a'), '{"good":true}', { qos: 1, retain: true });
    await eventually(() => heard.includes(topics.nodeEvents('a')));
    t.same(
      heard.filter((topic) => topic.startsWith('edge/') || topic === 'elsewhere'),
      [topics.nodeEvents('a')],
    );
    const after = [...lab.broker.retained('edge/v1/#')].map(({ topic, payload }) => `${topic} ${payload}`);
    t.same(after, before, 'nothing retained changed, not even by a retained message where none is kept');
    t.ok(mqtt.connected);
  },
);

t.test("a last will on another board's topic is not published", async (t) => {
  const lab = await MqttLab.start(t);
  const heard: string[] = [];
  lab.broker.subscribe('edge/v1/#', ({ topic }) => heard.push(topic));
  const foreign = await lab.client('a', {
    will: { topic: topics.state('b'), payload: Buffer.from('{}'), qos: 1, retain: true },
  });
  foreign.mqtt.stream.destroy();
  const own = await lab.client('c', {
    will: { topic: topics.state('c'), payload: Buffer.from('{}'), qos: 1, retain: true },
  });
  own.mqtt.stream.destroy();
  await eventually(() => heard.includes(topics.state('c')));
  t.same(heard, [topics.state('c')]);
  t.same([...lab.broker.retained(topics.state('b'))], []);
});

t.test('nobody connects under a name that is not in the certificate, or without a certificate', async (t) => {
  const lab = await MqttLab.start(t);
  await t.rejects(lab.client('a', { clientId: 'b' }), /refused/);
  await t.rejects(lab.client('a', { cert: undefined as never, key: undefined as never }), /refused/);
  await t.rejects(
    lab.client('a', { keepalive: 600 }),
    /refused/,
    'nor with a keep-alive that hides a pulled cable',
  );
});

t.test('mosquitto_sub reads the tree without Secret values, and mosquitto_pub is refused', async (t) => {
  const lab = await MqttLab.start(t);
  publishTree(lab);
  const port = String(lab.broker.inspectPort);
  const reader = spawn('mosquitto_sub', ['-h', '127.0.0.1', '-p', port, '-t', 'edge/v1/#', '-v', '-W', '20']);
  t.teardown(() => reader.kill());
  let output = '';
  reader.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await eventually(() => output.includes('services/default/web'), 10_000);
  const args = ['-h', '127.0.0.1', '-p', port, '-t', topics.state('a'), '-m', '{}', '-r', '-q', '1'];
  const refused = exec('mosquitto_pub', args, { timeout: 3000 });
  await t.rejects(refused, 'the publisher does not get its acknowledgement');
  t.match(String([...lab.broker.retained(topics.state('a'))][0]?.payload), '"of":"a"', 'nothing changed');
  lab.broker.publish(topics.service('z/last'), { last: true }, RETAINED);
  await eventually(() => output.includes('z/last'));
  t.match(output, /edge\/v1\/nodes\/a\/desired\/pods\/default\/web .*"PASSWORD","value":"\*\*\*"/);
  for (const hidden of ['c2VjcmV0', 'hunter2', '/secrets/', '/sessions']) t.notMatch(output, hidden);
  reader.kill();
  await once(reader, 'exit');
});

t.test("a person's client id cannot push a board out", async (t) => {
  const lab = await MqttLab.start(t);
  const board = await lab.client('a');
  const person = await lab.inspector({ clientId: 'a' });
  await person.mqtt.subscribeAsync('edge/v1/#');
  await board.mqtt.publishAsync(topics.state('a'), '{"online":true}', { qos: 1, retain: true });
  await eventually(() => person.received.length > 0);
  t.ok(board.mqtt.connected && person.mqtt.connected);
});

t.test('a board keeps no more retained reports than a board can have pods', async (t) => {
  const limits = { ...defaultBrokerLimits, maxRetainedPerNode: 3 };
  const lab = await MqttLab.start(t, { limits });
  const { mqtt } = await lab.client('a');
  const report = (name: string, text: string) =>
    mqtt.publishAsync(topics.observedPod('a', `d/${name}`), text, { qos: 1, retain: true });
  for (const name of ['1', '2', '3', '4', '5']) await report(name, '{}');
  await report('1', '{"changed":true}');
  await report('2', '');
  await report('6', '{}');
  const kept = () => [...lab.broker.retained('edge/v1/nodes/a/#')].map(({ topic }) => topic.at(-1)).sort();
  await eventually(() => kept().join() === '1,3,6');
});
