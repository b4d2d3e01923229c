// What `npm test` counts in tap's output.
import t from 'tap';
import { summaryLine, TapResults } from '../../../scripts/bootstrap/tap-results.js';

const output = `TAP version 14
# Subtest: test/unit/a.test.ts
    # Subtest: outer
        ok 1 - left out # SKIP no memory controller
        # Subtest: inner
            ok 1 - should be equal
            1..1
        ok 2 - inner # time=4.594ms
        1..2
    ok 1 - outer # time=9.145ms
    ok 2 - also out # SKIP
    # Subtest: broken
        not ok 1 - should be equal
        1..1
    not ok 3 - broken # time=1ms
    1..3
not ok 1 - test/unit/a.test.ts # time=16.028ms
`;

t.test('tests are counted once, and those left out are told with their reasons', async (t) => {
  const shown: string[] = [];
  const results = new TapResults((line: string) => shown.push(line));
  for (const line of output.split('\n')) results.line(line);
  const { passed, failed, skips } = results;
  t.strictSame(skips, [
    { name: 'left out', reason: 'no memory controller' },
    { name: 'also out', reason: '' },
  ]);
  t.equal(summaryLine([{ passed, failed, skips }], 0), '1 passed, 1 failed');
  t.equal(summaryLine([{ passed, failed, skips }], 2), '1 passed, 3 failed', 'where none may be');
});
