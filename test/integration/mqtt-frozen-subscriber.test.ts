// One subscriber that stops reading must not hold up the others, and does not fill the master's memory.
import t from 'tap';
import { defaultBrokerLimits } from '../../src/mqtt/broker-limits.ts';
import { PASSING, RETAINED } from '../../src/mqtt/message-bus.ts';
import { topics } from '../../src/mqtt/topics.ts';
import { eventually } from '../support/eventually.ts';
import { MqttLab } from '../support/mqtt-lab.ts';

const filler = 'x'.repeat(8000);
/** Who waits for the frozen one waits for its drain timeout of 3 s; a busy machine alone is far below this. */
const stallMs = defaultBrokerLimits.drainTimeoutMs / 2;

t.test(
  'with one frozen subscriber the others get every message without waiting for it, and it is dropped',
  async (t) => {
    const lab = await MqttLab.start(t);
    const frozen = await lab.client('frozen');
    const lively = await lab.client('lively');
    for (const { mqtt } of [frozen, lively]) await mqtt.subscribeAsync('edge/v1/services/#', { qos: 0 });
    let isLost = false;
    frozen.mqtt.on('close', () => {
      isLost = true;
    });
    frozen.mqtt.stream.pause();
    frozen.mqtt.stream.removeAllListeners('data');

    const delays: number[] = [];
    lively.mqtt.on('message', (_topic, payload) =>
      delays.push(performance.now() - JSON.parse(String(payload)).at),
    );
    const count = 2000;
    for (let sent = 0; sent < count; sent += 10) {
      for (let i = 0; i < 10; i += 1) {
        lab.broker.publish(
          topics.service('default/web'),
          { at: performance.now(), filler },
          { retain: false, qos: 0 },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await eventually(() => delays.length === count, 10_000);
    const worst = Math.max(...delays);
    t.comment(`${count} messages of 8 kB, the slowest ${worst.toFixed(1)} ms late`);
    t.ok(worst < stallMs, `the slowest message was ${worst.toFixed(1)} ms late`);

    // The broker has let go of it: its end of the connection is seen once it reads again.
    frozen.mqtt.stream.resume();
    await eventually(() => isLost, 5000);
  },
);

t.test('a publisher is heard at once while a subscriber of its messages is frozen', async (t) => {
  const lab = await MqttLab.start(t);
  const frozen = await lab.inspector();
  await frozen.mqtt.subscribeAsync('edge/v1/#');
  frozen.mqtt.stream.pause();
  frozen.mqtt.stream.removeAllListeners('data');
  const heard: number[] = [];
  lab.broker.subscribe('edge/v1/nodes/+/metrics', ({ payload }) => {
    heard.push(performance.now() - JSON.parse(String(payload)).at);
  });
  const board = await lab.client('a');
  const count = 1000;
  for (let i = 0; i < count; i += 1) {
    board.mqtt.publish(topics.metrics('a'), JSON.stringify({ at: performance.now(), filler }), { qos: 0 });
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await eventually(() => heard.length === count);
  const worst = Math.max(...heard);
  t.ok(worst < stallMs, `the slowest was ${worst.toFixed(1)} ms late`);
});

t.test('a reader that is merely slow gets the whole tree, however large, and is not dropped', async (t) => {
  const lab = await MqttLab.start(t);
  const count = 3000;
  for (let i = 0; i < count; i += 1)
    lab.broker.publish(topics.object('', 'pods', `d/p${i}`), { filler }, RETAINED);
  const reader = await lab.inspector({ keepalive: 60 });
  reader.mqtt.stream.on('data', () => {
    reader.mqtt.stream.pause();
    setTimeout(() => reader.mqtt.stream.resume(), 1);
  });
  await reader.mqtt.subscribeAsync('edge/v1/#');
  await eventually(() => reader.received.length === count, 30_000);
  lab.broker.publish(topics.service('d/live'), { live: true }, PASSING);
  await eventually(() => reader.received.at(-1)?.topic === topics.service('d/live'));
  t.ok(reader.mqtt.connected);
});

t.test('a packet that announces more than the limit ends the connection before it has arrived', async (t) => {
  const lab = await MqttLab.start(t);
  const { mqtt } = await lab.client('a');
  const closed = new Promise<void>((resolve) => mqtt.once('close', () => resolve()));
  // PUBLISH with a remaining length of 200 MB, and little of it.
  mqtt.stream.write(Buffer.from([0x30, 0x80, 0x84, 0xaf, 0x5f, 0x00, 0x01, 0x61]));
  await closed;
  t.notOk(mqtt.connected);
});
