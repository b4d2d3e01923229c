// Flags of the programs: a wrong value is one line that says what would be right.
import t from 'tap';
import {
  addresses,
  durationMs,
  type Flags,
  numberIn,
  parseFlags,
  port,
  UsageError,
} from '../../../src/bin/flags.ts';
import { nodeLifecycleFlags, nodeLifecycleOptions } from '../../../src/bin/node-lifecycle-flags.ts';

const flags: Flags = {
  'api-port': { value: 'N', help: 'a port', default: '6443' },
  'no-demo': { value: undefined, help: 'a switch' },
};

t.test('what the parser refuses is told in one line', async (t) => {
  const wrong = [['--api-port', '-1'], ['--api-port'], ['--frob'], ['extra'], ['--no-demo=x']];
  for (const argv of wrong) {
    const error = t.throws(
      () => parseFlags(flags, argv),
      { message: /^[^\n]+; see --help$/ },
      argv.join(' '),
    );
    t.ok(error instanceof UsageError);
  }
});

t.test('a port is one that others can be told: 0 only where it means off', async (t) => {
  t.equal(port(parseFlags(flags, []), 'api-port'), 6443);
  t.equal(port({ inspect: '0' }, 'inspect', 0), 0);
  for (const text of ['0', '-1', '65536', '1.5', 'x', '', ' ']) {
    t.throws(() => port({ 'api-port': text }, 'api-port'), { message: /from 1 to 65535/ }, `'${text}'`);
  }
  t.throws(() => port({ inspect: '' }, 'inspect', 0), { message: /from 0 to 65535/ });
});

t.test('addresses are IP addresses', async (t) => {
  t.same(addresses({ to: '192.0.2.1, ::1' }, 'to'), ['192.0.2.1', '::1']);
  t.equal(addresses({}, 'to'), undefined);
  for (const text of ['foo', '192.0.2.1,', '']) {
    t.throws(() => addresses({ to: text }, 'to'), { message: /--to takes IP addresses/ }, `'${text}'`);
  }
});

t.test('a duration and a number say what they take', async (t) => {
  t.equal(durationMs({ wait: '1m30s' }, 'wait'), 90_000);
  for (const text of ['8', 'x', '', '-1s']) {
    t.throws(() => durationMs({ wait: text }, 'wait'), { message: /--wait takes a duration/ }, `'${text}'`);
  }
  t.equal(numberIn({ share: '0.5' }, 'share', { lowest: 0, highest: 1 }), 0.5);
  for (const text of ['2', '-1', '', 'x', 'Infinity']) {
    t.throws(() => numberIn({ share: text }, 'share', { lowest: 0, highest: 1 }), { message: /from 0 to 1/ });
  }
  const whole = { lowest: 0, highest: 9, isWhole: true };
  t.throws(() => numberIn({ n: '1.5' }, 'n', whole), { message: /a whole number from 0 to 9/ });
});

t.test('how lost boards are judged is set by flags of upstream’s names', async (t) => {
  const argv = ['--default-unreachable-toleration-seconds=300', '--node-monitor-grace-period=40s'];
  const options = nodeLifecycleOptions(parseFlags(nodeLifecycleFlags, argv));
  t.same(options.defaultTolerations, { notReadySeconds: 5, unreachableSeconds: 300 });
  t.match(options.presence, { monitorGraceMs: 40_000, startGraceMs: 20_000 });
  t.match(options.disruption, { holdMs: 120_000, stepMs: 10_000, unhealthyShare: 0.5 });
});

t.test('a duration has a unit and is at least a second', async (t) => {
  t.equal(durationMs({ period: '1m30s' }, 'period', 1000), 90_000);
  for (const text of ['0', '30', '500ms', '-5s', 'soon', '']) {
    t.throws(
      () => durationMs({ period: text }, 'period', 1000),
      { message: /--period takes a duration/ },
      `'${text}'`,
    );
  }
});
