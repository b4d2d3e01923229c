// What `npm test` makes of how a test file ended.
import t from 'tap';
import { TapResults } from '../../../scripts/bootstrap/tap-results.js';
import { asSubtest } from '../../../scripts/bootstrap/test-file.js';

const well = [
  'TAP version 14',
  '# Subtest: adds',
  '    ok 1 - should be equal',
  '    1..1',
  'ok 1 - adds',
  '1..1',
];
const unwell = well.map((line) => line.replace(/^( *)ok/, '$1not ok'));

function counted(lines: string[], exitCode: number | null, signal: string | null = null) {
  const shown: string[] = [];
  const results = new TapResults((line: string) => shown.push(line));
  const end = { lines, exitCode, signal, durationMs: 12.3 };
  for (const line of asSubtest(7, 'a.test.ts', end)) results.line(line);
  return { passed: results.passed, failed: results.failed, shown };
}

t.test('a file that passed is one line, and its tests count', async (t) => {
  t.same(counted(well, 0), { passed: 1, failed: 0, shown: ['ok 7 - a.test.ts # time=12ms'] });
});

t.test('what failed is shown and counted once', async (t) => {
  const { passed, failed, shown } = counted(unwell, 1);
  t.same({ passed, failed }, { passed: 0, failed: 1 });
  t.same(shown.slice(-2), ['not ok 7 - a.test.ts # time=12ms', '  # ended with exit code 1']);
});

t.test('a file that fails outside of its tests has failed', async (t) => {
  t.match(counted(well, 3), { passed: 1, failed: 1, shown: [/^not ok 7/, '  # ended with exit code 3'] });
  t.match(counted(well, null, 'SIGKILL'), { failed: 1, shown: [/^not ok 7/, '  # ended with SIGKILL'] });
});

t.test('a file that ends before all of its tests were run has failed', async (t) => {
  const early = well.slice(0, 3);
  t.match(counted(early, 0), { failed: 1, shown: [/^not ok 7/, /exit code 0, before all tests were run/] });
  t.match(counted([], 0), { failed: 1 });
});
