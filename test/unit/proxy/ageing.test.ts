import t from 'tap';
import { Ageing } from '../../../src/proxy/ageing.ts';
import { FakeClock } from '../../support/fake-clock.ts';

t.test('what lives on is acted on once, between one and two turns after it was added', async (t) => {
  const clock = new FakeClock();
  const acted: string[] = [];
  const ageing = new Ageing<string>(clock, 1000, (item) => void acted.push(item));
  ageing.add('first');
  await clock.advance(600);
  ageing.add('second');
  const gone = ageing.add('gone');
  await clock.advance(600);
  t.same(acted, [], 'after one turn nobody is old');
  gone.leave();
  await clock.advance(1000);
  t.same(acted, ['first', 'second']);
  await clock.advance(5000);
  t.same(acted, ['first', 'second']);
});

t.test('nothing wakes the board up while there is nothing to wait for', async (t) => {
  const clock = new FakeClock();
  let timers = 0;
  const every = clock.every.bind(clock);
  clock.every = (intervalMs, action) => {
    timers++;
    const timer = every(intervalMs, action);
    const cancel = () => {
      timers--;
      timer.cancel();
    };
    return { cancel };
  };
  const ageing = new Ageing<string>(clock, 1000, () => undefined);
  t.equal(timers, 0);
  const a = ageing.add('a');
  t.equal(timers, 1);
  a.leave();
  await clock.advance(2000);
  t.equal(timers, 0);
  ageing.add('b');
  ageing.stop();
  t.equal(timers, 0);
});
