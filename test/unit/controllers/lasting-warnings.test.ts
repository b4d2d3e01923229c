// When a warning has lasted long enough to be told.
import t from 'tap';
import { LastingWarnings } from '../../../src/controllers/lasting-warnings.ts';

const missing = { reason: 'Missing', message: 'a is not there' };
const other = { reason: 'Missing', message: 'b is not there' };
const wrong = { reason: 'Wrong', message: 'a is wrong' };

const lasting = () => new LastingWarnings({ reasons: ['Missing'], holdMs: 5_000 });

t.test('what may pass is told when it has lasted, all else at once', async (t) => {
  const warnings = lasting();
  t.same(warnings.sift('x', [missing, wrong], 1_000), { warnings: [wrong], againInMs: 5_000 });
  t.same(warnings.sift('x', [missing, wrong], 4_000), { warnings: [wrong], againInMs: 2_000 });
  t.same(warnings.sift('x', [missing, wrong], 6_000), { warnings: [missing, wrong], againInMs: undefined });
  t.same(warnings.sift('x', [missing], 99_000), { warnings: [missing], againInMs: undefined });
});

t.test('each has its own time, and none from before it was over', async (t) => {
  const warnings = lasting();
  warnings.sift('x', [missing], 0);
  t.same(warnings.sift('x', [missing, other], 3_000), { warnings: [], againInMs: 2_000 });
  t.same(warnings.sift('x', [missing, other], 5_000), { warnings: [missing], againInMs: 3_000 });
  t.same(warnings.sift('x', [other], 7_000), { warnings: [], againInMs: 1_000 });
  t.same(warnings.sift('x', [missing, other], 9_000), { warnings: [other], againInMs: 5_000 });
});

t.test('objects have nothing to do with each other, and one that is gone begins anew', async (t) => {
  const warnings = lasting();
  warnings.sift('x', [missing], 0);
  t.same(warnings.sift('y', [missing], 5_000), { warnings: [], againInMs: 5_000 });
  warnings.forget('x');
  t.same(warnings.sift('x', [missing], 5_000), { warnings: [], againInMs: 5_000 });
  t.same(warnings.sift('x', [], 6_000), { warnings: [], againInMs: undefined });
});
