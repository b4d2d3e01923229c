import fc from 'fast-check';
import t from 'tap';
import { WorkQueue } from '../../../src/client/workqueue.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

t.test('a key added many times before it is taken is taken once', async (t) => {
  const queue = new WorkQueue(new FakeClock());
  for (let i = 0; i < 3; i++) queue.add('a');
  queue.add('b');
  t.equal(await queue.take(), 'a');
  t.equal(await queue.take(), 'b');
  t.equal(queue.length, 2);
});

t.test('a key added while it is worked on comes back when it is done, not before', async (t) => {
  const queue = new WorkQueue(new FakeClock());
  queue.add('a');
  await queue.take();
  queue.add('a');
  let second: string | undefined;
  void queue.take().then((key) => {
    second = key;
  });
  await settle();
  t.equal(second, undefined);
  queue.done('a');
  await settle();
  t.equal(second, 'a');
});

t.test('a key that waits for its time comes then, and the earliest of several times counts', async (t) => {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  queue.addAfter('a', 1000);
  queue.addAfter('a', 300);
  queue.addAfter('a', 500);
  await clock.advance(299);
  t.equal(queue.length, 0);
  await clock.advance(1);
  t.equal(await queue.take(), 'a');
  queue.done('a');
  await clock.advance(5000);
  t.equal(queue.length, 0);
});

t.test('failures wait longer and longer until the key is forgotten', async (t) => {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock, { initialMs: 5, maxMs: 60 });
  const waits: number[] = [];
  for (let i = 0; i < 6; i++) {
    if (i === 5) queue.forget('a');
    queue.addRateLimited('a');
    const from = clock.now();
    while (queue.length === 0) await clock.advance(1);
    waits.push(clock.now() - from);
    queue.done((await queue.take()) ?? '');
  }
  t.same(waits, [5, 10, 20, 40, 60, 5]);
});

t.test('a shut down queue lets its takers go and takes nothing more', async (t) => {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  const waiting = queue.take();
  queue.addAfter('later', 10);
  queue.shutDown();
  t.equal(await waiting, undefined);
  queue.add('a');
  await clock.advance(20);
  t.equal(await queue.take(), undefined);
});

t.test('whatever is added is worked on at least once afterwards and never twice at a time', async () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    act: fc.constantFrom('add', 'take', 'done'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const queue = new WorkQueue(new FakeClock());
      const owed = new Set<string>();
      const held = new Set<string>();
      const take = async () => {
        const key = await queue.take();
        if (key === undefined || held.has(key)) throw new Error(`${key} is held by two`);
        held.add(key);
        owed.delete(key);
      };
      const ready = () => [...owed].some((key) => !held.has(key));
      for (const { key, act } of steps) {
        if (act === 'add') {
          queue.add(key);
          owed.add(key);
        } else if (act === 'take' && ready()) await take();
        else if (act === 'done' && held.delete(key)) queue.done(key);
      }
      for (const key of held) queue.done(key);
      held.clear();
      while (ready()) await take();
      if (owed.size > 0) throw new Error(`${[...owed]} never came`);
    }),
  );
});
