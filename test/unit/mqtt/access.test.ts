import t from 'tap';
import { mayPublish, mayReceive, maySubscribe, type Peer } from '../../../src/mqtt/access.ts';
import { topics } from '../../../src/mqtt/topics.ts';

const a: Peer = { role: 'node', node: 'a' };
const inspect: Peer = { role: 'inspect' };

/** topic of node N → [board a writes its own, a reads its own, a reads b's, a person reads] */
const table: [string, (node: string) => string, string | undefined, string, string, string][] = [
  ['state', topics.state, 'retained', 'whole', 'whole', 'whole'],
  ['heartbeat', topics.heartbeat, 'passing', 'whole', 'no', 'whole'],
  ['metrics', topics.metrics, 'passing', 'whole', 'no', 'whole'],
  ['events', topics.nodeEvents, 'passing', 'whole', 'no', 'whole'],
  ['observed index', topics.observedIndex, 'retained', 'whole', 'no', 'whole'],
  ['observed pod', (n) => topics.observedPod(n, 'd/p'), 'retained', 'whole', 'no', 'masked'],
  ['desired index', topics.desiredIndex, undefined, 'whole', 'no', 'whole'],
  ['desired pod', (n) => topics.desired(n, 'pods', 'd/p'), undefined, 'whole', 'no', 'masked'],
  ['desired config', (n) => topics.desired(n, 'configs', 'd/c'), undefined, 'whole', 'no', 'whole'],
  ['desired secret', (n) => topics.desired(n, 'secrets', 'd/s'), undefined, 'whole', 'no', 'no'],
  ['sessions', topics.sessions, undefined, 'whole', 'no', 'no'],
];

t.test('each topic of a node is written and read as the table says', async (t) => {
  for (const [name, topicOf, writes, own, others, people] of table) {
    t.equal(mayPublish(a, topicOf('a')), writes, `a writes its ${name}`);
    t.equal(mayPublish(a, topicOf('b')), undefined, `a does not write b's ${name}`);
    t.equal(mayPublish(inspect, topicOf('a')), undefined);
    t.equal(mayReceive(a, topicOf('a')), own, `a reads its ${name}`);
    t.equal(mayReceive(a, topicOf('b')), others, `a reads b's ${name}`);
    t.equal(mayReceive(inspect, topicOf('a')), people, `people read ${name}`);
  }
});

t.test(
  'what all boards share is read by all and written by none; objects and events are for people',
  async (t) => {
    for (const topic of [topics.servicesIndex, topics.service('d/s'), topics.networkPeers]) {
      t.equal(mayPublish(a, topic), undefined);
      t.equal(mayReceive(a, topic), 'whole');
      t.equal(mayReceive(inspect, topic), 'whole');
    }
    for (const topic of [topics.object('', 'pods', 'd/p'), topics.event('d', 'Pod', 'p')]) {
      t.equal(mayPublish(a, topic), undefined);
      t.equal(mayReceive(a, topic), 'no');
      t.equal(mayReceive(inspect, topic), 'whole');
    }
  },
);

t.test('nothing outside edge/v1 is written, read or subscribed to', async (t) => {
  for (const topic of ['$SYS/x', 'edge/v2/nodes/a/state', 'edge/v1', 'nodes/a/state', 'x']) {
    t.equal(mayPublish(a, topic), undefined);
    t.equal(mayReceive(a, topic), 'no');
    t.equal(mayReceive(inspect, topic), 'no');
  }
  for (const filter of ['#', '+/#', 'edge/#', 'edge/v1/#', 'edge/+/nodes', '+/v1/#'])
    t.ok(maySubscribe(filter));
  for (const filter of ['$SYS/#', 'homeassistant/#', 'edge/v2/#', 'edge']) t.notOk(maySubscribe(filter));
});

t.test("a node's name is compared whole and unescaped", async (t) => {
  t.equal(mayPublish({ role: 'node', node: 'a' }, topics.state('a.b')), undefined);
  t.equal(mayPublish({ role: 'node', node: 'a+b' }, topics.state('a+b')), 'retained');
});
