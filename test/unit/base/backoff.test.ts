import t from 'tap';
import { exponentialBackoffMs, jitteredMs } from '../../../src/base/backoff.ts';

t.test('the wait doubles from the first failure and stops at the maximum', async (t) => {
  const limits = { initialMs: 10_000, maxMs: 300_000 };
  t.same(
    [1, 2, 3, 4, 5, 6, 7, 1000].map((failures) => exponentialBackoffMs(limits, failures)),
    [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000],
  );
});

t.test('jitter keeps the wait within a fifth of what was asked', async (t) => {
  const extremes = [0, 1].map((random) => Math.round(jitteredMs(1000, () => random)));
  t.same(extremes, [800, 1200]);
});
