import t from 'tap';
import { silentLogger } from '../../../src/base/logger.ts';
import { EventOutbox } from '../../../src/mqtt/event-outbox.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { MemorySession } from '../../support/memory-session.ts';

function start() {
  const bus = new MemorySession();
  const clock = new FakeClock();
  const outbox = new EventOutbox({ node: 'pi', bus, clock, logger: silentLogger });
  const say = (message: string) =>
    outbox.event({ key: 'd/a', uid: 'u', type: 'Normal', reason: 'R', message });
  const heard = () => bus.acknowledged.map(({ message }) => message.message);
  const deliver = async () => {
    for (let turn = 0; turn < 400; turn += 1) {
      bus.acknowledge();
      await settle();
    }
  };
  const open = (id: string) => {
    bus.sessionId = id;
    outbox.flush();
  };
  return { bus, clock, outbox, say, heard, deliver, open };
}

t.test(
  'events wait for a session and go in order, in the name of the session that carries them',
  async (t) => {
    const { bus, say, heard, deliver, open } = start();
    for (const message of ['one', 'two', 'three']) say(message);
    open('s1');
    await deliver();
    t.same(heard(), ['one', 'two', 'three']);
    t.equal(bus.acknowledged[0]?.message.session, 's1');
    say('four');
    await deliver();
    t.same(heard().at(-1), 'four');
  },
);

t.test('an event that a broken session may have lost is sent again by the next', async (t) => {
  const { bus, say, heard, deliver, open } = start();
  open('s1');
  say('one');
  say('two');
  bus.lose();
  await settle();
  open('s2');
  await deliver();
  t.same(heard(), ['one', 'two']);
});

t.test('only so many wait: the oldest are dropped and counted', async (t) => {
  const { outbox, say, heard, deliver, open } = start();
  for (let n = 0; n < 300; n += 1) say(`${n}`);
  t.equal(outbox.dropped, 300 - 256);
  open('s1');
  await deliver();
  t.equal(heard().length, 256);
  t.equal(heard()[0], '44');
});

t.test('what happens again while it waits is counted, and says when it was', async (t) => {
  const { bus, clock, say, deliver, open } = start();
  for (let n = 0; n < 300; n += 1) {
    say('probe failed');
    if (n === 0) say('killing');
    await clock.advance(1_000);
  }
  await clock.advance(0.4);
  open('s1');
  await deliver();
  say('now');
  await deliver();
  const sent = bus.acknowledged.map(({ message: { message, count, ago } }) => ({ message, count, ago }));
  t.same(sent, [
    { message: 'probe failed', count: 300, ago: { firstMs: 300_000, lastMs: 1_000 } },
    { message: 'killing', count: undefined, ago: { firstMs: 300_000, lastMs: 300_000 } },
    { message: 'now', count: undefined, ago: undefined },
  ]);
});

t.test('one that is on its way is not counted on: it is said again', async (t) => {
  const { bus, say, heard, deliver, open } = start();
  open('s1');
  say('one');
  await settle();
  say('one');
  say('one');
  await deliver();
  t.same(heard(), ['one', 'one']);
  t.equal(bus.acknowledged[1]?.message.count, 2);
});
