// Flags of the programs: a wrong value is one line that says what would be right.
import t from 'tap';
import { addresses, duration, type Flags, parseFlags, port, UsageError } from '../../../src/bin/flags.ts';

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

t.test('a duration has a unit and is at least a second', async (t) => {
  t.equal(duration({ period: '1m30s' }, 'period'), 90_000);
  for (const text of ['0', '30', '500ms', '-5s', 'soon', '']) {
    t.throws(
      () => duration({ period: text }, 'period'),
      { message: /--period takes a duration/ },
      `'${text}'`,
    );
  }
});
