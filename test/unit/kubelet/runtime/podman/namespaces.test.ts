import t from 'tap';
import { addressesIn, judge } from '../../../../../src/kubelet/runtime/podman/namespaces.ts';

const sweep = { podRange: '10.40.2.0/23', busyAddresses: new Set(['10.40.2.9']) };
const minuteMs = 60_000;

t.test('addresses are read from what ip prints, loopback left out', async (t) => {
  const links = [{ addr_info: [{ local: '127.0.0.1' }] }, { addr_info: [{ local: '10.40.3.7' }] }, {}];
  t.strictSame(addressesIn(JSON.stringify(links)), ['10.40.3.7']);
  t.strictSame(addressesIn(''), []);
});

t.test('a namespace without a process is a leftover only when it can be nobody else\u2019s', async (t) => {
  t.equal(judge(['10.40.3.7'], minuteMs, sweep), 'leftover', 'an address of ours');
  t.equal(judge(['10.40.3.7'], 500, sweep), 'young', 'made a moment ago');
  t.equal(judge(['10.40.3.7'], -minuteMs, sweep), 'leftover', 'made before the clock was set back');
  t.equal(judge(['10.40.2.9'], minuteMs, sweep), 'foreign', 'a pod that is being started');
  t.equal(judge(['10.88.0.4'], minuteMs, sweep), 'foreign', 'of another network');
  const quiet = { ...sweep, busyAddresses: new Set<string>() };
  t.equal(judge([], 5_000, quiet), 'young and empty', 'empty for a short time');
  t.equal(judge([], minuteMs, quiet), 'leftover', 'empty for long');
  t.equal(judge([], minuteMs, sweep), 'young and empty', 'while a pod is being started');
});
