import t from 'tap';
import { UnschedulablePods } from '../../../src/scheduler/unschedulable-pods.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp() {
  const clock = new FakeClock();
  const released: string[] = [];
  const waiting = new UnschedulablePods(
    clock,
    (key, delayMs) => void released.push(`${key} in ${Math.max(delayMs, 0)}`),
  );
  return { clock, released, waiting };
}

t.test('nothing comes back while nothing changes', async (t) => {
  const { clock, released, waiting } = setUp();
  waiting.add('a');
  await clock.advance(3_600_000);
  t.same(released, []);
});

t.test('a change brings all back, each once and not before its back-off is over', async (t) => {
  const { clock, released, waiting } = setUp();
  waiting.add('a');
  await clock.advance(400);
  waiting.add('b');
  waiting.retryAll();
  waiting.retryAll();
  t.same(released, ['a in 600', 'b in 1000']);
});

t.test('the back-off grows from 1 s to 10 s and begins anew for a pod that was placed', async (t) => {
  const { released, waiting } = setUp();
  for (let i = 0; i < 6; i++) {
    waiting.add('a');
    waiting.retry('a');
  }
  waiting.forget('a');
  waiting.add('a');
  waiting.retry('a');
  t.same(
    released.map((line) => Number(line.split(' ').at(-1))),
    [1000, 2000, 4000, 8000, 10_000, 10_000, 1000],
  );
});
