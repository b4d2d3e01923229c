// What the conformance runner may be told.
import t from 'tap';
import { readArguments } from '../../conformance/arguments.ts';

const env = { E2E_TEST: '/bin/e2e.test', E2E_AGNHOST: '/bin/agnhost' };

t.test('a call without arguments takes all tests, three side by side', async (t) => {
  t.same(readArguments([], env), {
    tiers: [],
    focus: '',
    jobs: 3,
    timeoutMs: 600_000,
    prepareOnly: false,
    program: '/bin/e2e.test',
    agnhost: '/bin/agnhost',
  });
});

t.test('flags and a focus are read', async (t) => {
  const args = ['--tier', 'C', '--tier', 'D', '--jobs', '5', '--minutes', '2', 'Pods should'];
  t.match(readArguments(args, env), { tiers: ['C', 'D'], jobs: 5, timeoutMs: 120_000, focus: 'Pods should' });
  t.match(readArguments(['--proxy-mode', 'nftables'], env), { proxyMode: 'nftables' });
});

t.test('what is missing or wrong is said in one line', async (t) => {
  t.throws(() => readArguments([], { E2E_TEST: 'x' }), /^E2E_AGNHOST is not set$/);
  t.throws(() => readArguments(['--jobs', '0'], env), /--jobs 0: not a whole number above 0/);
  t.throws(() => readArguments(['a', 'b'], env), /one FOCUS, not 2: quote it/);
  t.throws(() => readArguments(['--no-such'], env), /--no-such/);
});
