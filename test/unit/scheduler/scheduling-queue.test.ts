import t from 'tap';
import type { FilterName } from '../../../src/scheduler/filters/filter.ts';
import { SchedulingQueue } from '../../../src/scheduler/scheduling-queue.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { quiet } from '../../support/settles.ts';

const RESOURCES = new Set<FilterName>(['NodeResourcesFit']);

/** Takes all that is ready, in order; `taken` goes on growing. */
function setUp() {
  const clock = new FakeClock();
  const queue = new SchedulingQueue(clock);
  const taken: string[] = [];
  const run = async () => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      taken.push(`${key} at ${clock.monotonicMs() - start}`);
      await settle();
    }
  };
  const start = clock.monotonicMs();
  return { clock, queue, taken, run };
}

t.test('the most important pod goes first, then the one that came first', async (t) => {
  const { queue, taken, run } = setUp();
  queue.add('low', 0);
  queue.add('late', 5);
  queue.add('later', 5);
  queue.add('high', 9);
  queue.add('gone', 99);
  queue.forget('gone');
  const ran = run();
  await quiet(10);
  queue.shutDown();
  await ran;
  t.same(taken, ['high at 0', 'late at 0', 'later at 0', 'low at 0']);
});

t.test(
  'a refused pod comes back for a change that may help it, after its back-off, and for no other',
  async (t) => {
    const { clock, queue, taken, run } = setUp();
    const ran = run();
    queue.add('a', 0);
    await settle();
    queue.park('a', RESOURCES);
    await clock.advance(3_600_000);
    queue.wake('storage');
    queue.wake('company');
    await clock.advance(10_000);
    t.equal(taken.length, 1, 'nothing that happened could have helped');
    queue.wake('room');
    await settle();
    t.equal(taken.length, 2, 'its back-off was long over');
    queue.park('a', RESOURCES);
    queue.wake('room');
    queue.wake('room');
    await clock.advance(1999);
    t.equal(taken.length, 2);
    await clock.advance(1);
    t.equal(taken.length, 3, 'two seconds after its second attempt, once');
    queue.shutDown();
    await ran;
  },
);

t.test('the back-off grows from 1 s to 10 s and begins anew for a pod that was placed', async (t) => {
  const { clock, queue, taken, run } = setUp();
  const ran = run();
  queue.add('a', 0);
  for (let i = 0; i < 6; i++) {
    await settle();
    queue.retry('a');
    await clock.advance(10_000);
  }
  queue.forget('a');
  queue.shutDown();
  await ran;
  const times = taken.map((line) => Number(line.split(' ').at(-1)));
  t.same(
    times.slice(1).map((at, i) => at - i * 10_000),
    [1000, 2000, 4000, 8000, 10_000, 10_000],
  );
});

t.test('a pod that changes what it asks for does not wait', async (t) => {
  const { queue, taken, run } = setUp();
  const ran = run();
  queue.add('a', 0);
  await settle();
  queue.park('a', RESOURCES);
  queue.add('a', 0);
  await settle();
  queue.shutDown();
  await ran;
  t.equal(taken.length, 2);
});
