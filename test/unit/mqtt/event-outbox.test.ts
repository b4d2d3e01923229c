import t from 'tap';
import { silentLogger } from '../../../src/base/logger.ts';
import { EventOutbox } from '../../../src/mqtt/event-outbox.ts';
import { settle } from '../../support/fake-clock.ts';
import { MemorySession } from '../../support/memory-session.ts';

function start() {
  const bus = new MemorySession();
  const outbox = new EventOutbox({ node: 'pi', bus, logger: silentLogger });
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
  return { bus, outbox, say, heard, deliver, open };
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
