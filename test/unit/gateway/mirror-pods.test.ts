import t, { type Test } from 'tap';
import { pods } from '../../../src/api/kinds/pod.ts';
import { PASSING, RETAINED } from '../../../src/mqtt/message-bus.ts';
import { topics } from '../../../src/mqtt/topics.ts';
import { GatewayLab } from '../../support/gateway-lab.ts';
import { reasonOf } from '../../support/reason-of.ts';

const KEY = 'default/web-pi';
const HASH = 'a'.repeat(32);

const staticPod = (hash = HASH, image = 'i') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-pi',
    namespace: 'default',
    uid: hash,
    annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': hash },
  },
  spec: { nodeName: 'pi', containers: [{ name: 'c', image }] },
});

function say(lab: GatewayLab, hash = HASH, image = 'i', session = 's1'): void {
  const message = { session, uid: hash, status: { phase: 'Running' }, terminated: false };
  lab.bus.publish(topics.observedPod('pi', KEY), { ...message, mirror: staticPod(hash, image) }, RETAINED);
  list(lab, { [KEY]: { uid: hash } }, session);
}

const list = (lab: GatewayLab, keys: object, session = 's1') =>
  lab.bus.publish(topics.observedIndex('pi'), { session, pods: keys }, RETAINED);

async function labWithMirror(t: Test): Promise<GatewayLab> {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  say(lab);
  await lab.pass(10);
  return lab;
}

t.test(
  'a static pod shows as a mirror pod with its status, which its board is not told to run',
  async (t) => {
    const lab = await labWithMirror(t);
    const mirror = await lab.client.get(pods, KEY);
    t.match(mirror.metadata.annotations, {
      'kubernetes.io/config.mirror': HASH,
      'kubernetes.io/config.hash': HASH,
      'kubernetes.io/config.source': 'file',
    });
    t.equal(mirror.spec.nodeName, 'pi');
    t.notOk(mirror.spec.volumes?.length, 'no token is mounted');
    t.equal(mirror.status?.phase, 'Running');
    const [index] = lab.bus.retained(topics.desiredIndex('pi'));
    t.notOk(index?.payload.toString().includes(KEY));
  },
);

t.test('deleting the mirror stops nothing: it comes back', async (t) => {
  const lab = await labWithMirror(t);
  const { uid } = (await lab.client.get(pods, KEY)).metadata;
  await lab.client.delete(pods, KEY);
  await lab.pass(500);
  const between = await reasonOf(lab.client.get(pods, KEY));
  t.equal(between, 'NotFound', 'who waits for the end sees it');
  await lab.pass(600);
  const next = await lab.client.get(pods, KEY);
  t.not(next.metadata.uid, uid);
  t.notOk(next.metadata.deletionTimestamp);
});

t.test('a changed file replaces the mirror', async (t) => {
  const lab = await labWithMirror(t);
  const hash = 'b'.repeat(32);
  say(lab, hash, 'i2');
  await lab.pass(10);
  const mirror = await lab.client.get(pods, KEY);
  t.equal(mirror.spec.containers[0]?.image, 'i2');
  t.equal(mirror.metadata.annotations?.['kubernetes.io/config.mirror'], hash);
});

t.test('the mirror goes when its board no longer lists the pod, and not before it has said so', async (t) => {
  const lab = await labWithMirror(t);
  await lab.join('pi', 's2');
  await lab.pass(10);
  t.ok(await lab.client.get(pods, KEY), 'the new session has not listed anything yet');
  lab.bus.publish(topics.observedPod('pi', KEY), undefined, RETAINED);
  list(lab, {}, 's2');
  await lab.pass(10);
  t.equal(await reasonOf(lab.client.get(pods, KEY)), 'NotFound');
});

t.test(
  "a board takes no pod's name that is another's, and speaks for no mirror of another board",
  async (t) => {
    const lab = await GatewayLab.start(t);
    await lab.join('pi');
    await lab.join('other');
    const own = await lab.addPod('web-pi', 'other');
    say(lab);
    await lab.pass(10);
    const kept = await lab.client.get(pods, KEY);
    t.equal(kept.metadata.uid, own.metadata.uid);
    t.equal(kept.spec.nodeName, 'other');
  },
);

t.test('a bad file shows as an event of its Node', async (t) => {
  const lab = await GatewayLab.start(t);
  await lab.join('pi');
  const event = {
    kind: 'Node',
    key: 'pi',
    uid: '',
    type: 'Warning',
    reason: 'FailedStaticPod',
    message: 'static pod file x: bad',
  };
  lab.bus.publish(topics.nodeEvents('pi'), { session: 's1', ...event }, PASSING);
  lab.bus.publish(topics.nodeEvents('pi'), { session: 's1', ...event, key: 'other' }, PASSING);
  await lab.pass(10);
  const found = lab.cluster.recorder.events.filter(({ reason }) => reason === 'FailedStaticPod');
  t.same(
    found.map(({ object }) => [object.kind, object.metadata.name]),
    [['Node', 'pi']],
  );
});
