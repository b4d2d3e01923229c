// The page of upstream's outcomes: what is written can be read back, and a partial run changes only its part.
import t from 'tap';
import type { TestOutcome } from '../../conformance/outcome.ts';
import { merged, readPage, writePage } from '../../conformance/page.ts';

const known: TestOutcome[] = [
  { name: '[k8s.io] Pods a [Conformance]', state: 'passed' },
  { name: '[sig-apps] Job b [Conformance]', state: 'failed', reason: 'timed out' },
  { name: '[sig-cli] Kubectl c [Conformance]', state: 'not run' },
];

t.test('what is written is read back', async (t) => {
  t.same(readPage(writePage(known)), [known[1], known[0], known[2]]);
  t.same(readPage(writePage([])), []);
});

t.test('each area has its counts, and tests of no named area are of nodes', async (t) => {
  const page = writePage(known);
  for (const row of [
    '| node | 1 | 0 | 0 | 0 |',
    '| apps | 0 | 1 | 0 | 0 |',
    '| cli | 0 | 0 | 0 | 1 |',
    '| all | 1 | 1 | 0 | 1 |',
  ]) {
    t.ok(page.includes(row), row);
  }
});

t.test('tests beside the conformance list stand apart, with why some are left out', async (t) => {
  const beside: TestOutcome[] = [
    { name: '[sig-network] a', state: 'failed', reason: 'refused', commit: '0123abc' },
    { name: '[sig-network] b', state: 'left out', reason: 'asks for a cloud' },
    { name: '[sig-network] c', state: 'passed', commit: '0123abc' },
  ];
  const page = writePage([...known, ...beside]);
  t.same(readPage(page).slice(known.length), beside);
  t.ok(page.includes('| all | 1 | 1 | 0 | 1 |'), 'what is not conformance does not count as it');
  t.ok(page.includes('| network | 1 | 1 | 1 | 0 |'));
});

t.test('a run of some tests leaves the outcome of the others', async (t) => {
  const run: TestOutcome[] = known.map(({ name }) => ({ name, state: 'not run' }));
  t.same(merged(known, run), known);
  run[1] = { name: '[sig-apps] Job b [Conformance]', state: 'passed' };
  t.same(merged(known, run), [known[0], run[1], known[2]]);
});

t.test('a reason cannot break the list', async (t) => {
  const reason = '`code` <b> \\[x\\](y)\n## Passing\n- `z`';
  const page = writePage([{ name: 'a [Conformance]', state: 'failed', reason }]);
  t.same(
    readPage(page).map(({ name, state }) => [name, state]),
    [['a [Conformance]', 'failed']],
  );
});

t.test('the commit that an outcome is of is kept with it', async (t) => {
  const passed: TestOutcome = { name: 'a [Conformance]', state: 'passed', commit: '0123abc' };
  const failed: TestOutcome = { name: 'b [Conformance]', state: 'failed', commit: '4567def+', reason: 'why' };
  t.same(readPage(writePage([passed, failed])), [failed, passed]);
});
