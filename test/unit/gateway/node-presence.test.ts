import t from 'tap';
import type { Clock } from '../../../src/base/clock.ts';
import { defaultPresenceTimes, NodePresence } from '../../../src/gateway/node-presence.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const times = defaultPresenceTimes;

t.test('all boards share one timer, however many beats there are', async (t) => {
  const clock = new FakeClock();
  let timers = 0;
  const counting: Clock = {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    every: (ms, action) => clock.every(ms, action),
    after: (ms, action) => {
      timers += 1;
      return clock.after(ms, action);
    },
  };
  const presence = new NodePresence({ clock: counting, times, onChange: () => {} });
  for (const node of ['a', 'b', 'c']) presence.state(node, { online: true, session: 's' });
  for (let second = 0; second < 60; second += 1) {
    for (const node of ['a', 'b', 'c']) presence.beat(node, 's');
    await clock.advance(1000);
  }
  t.ok(presence.isOnline('a') && presence.isOnline('c'));
  t.ok(timers <= 10, `${timers} timers in a minute`);
  presence.stop();
});

t.test('a master that was held up itself does not take that for the silence of its boards', async (t) => {
  let nowMs = 0;
  let due: (() => void) | undefined;
  const clock: Clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    every: () => ({ cancel: () => {} }),
    after: (_, action) => {
      due = action;
      return { cancel: () => {} };
    },
  };
  const lost: string[] = [];
  const presence = new NodePresence({ clock, times, onChange: (node) => lost.push(node) });
  presence.state('a', { online: true, session: 's' });
  lost.length = 0;
  nowMs = 30_000;
  due?.();
  t.same(lost, [], 'the beats of 30 s are still in the socket');
  nowMs += times.monitorGraceMs;
  due?.();
  t.same(lost, ['a']);
});

t.test('a board that leaves and speaks on in the same session is back', async (t) => {
  const clock = new FakeClock();
  const presence = new NodePresence({ clock, times, onChange: () => {} });
  presence.state('a', { online: true, session: 's' });
  presence.state('a', { online: false, session: 's' });
  await clock.advance(1000);
  t.equal(presence.get('a')?.standing, 'offline');
  t.ok(presence.isCurrent('a', 's') === false);
  presence.state('a', { online: true, session: 's' });
  t.ok(presence.isCurrent('a', 's'));
  presence.forget('a');
  t.equal(presence.get('a'), undefined);
  t.notOk(presence.beat('a', 's'));
  presence.stop();
});
