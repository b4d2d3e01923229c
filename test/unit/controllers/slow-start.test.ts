import t from 'tap';
import { slowStart } from '../../../src/controllers/slow-start.ts';

t.test('all succeed, in batches of one, two, four', async (t) => {
  let running = 0;
  const batches: number[] = [];
  const result = await slowStart(10, async () => {
    running += 1;
    await Promise.resolve();
    if (running > 0) batches.push(running);
    running = 0;
  });
  t.same(result, { succeeded: 10, error: undefined });
  t.same(batches, [1, 2, 4, 3]);
});

t.test('it ends after the batch with the first failure', async (t) => {
  let calls = 0;
  const error = new Error('quota');
  const result = await slowStart(100, async () => {
    calls += 1;
    if (calls === 3) throw error;
  });
  t.same(result, { succeeded: 2, error });
  t.equal(calls, 3);
});
