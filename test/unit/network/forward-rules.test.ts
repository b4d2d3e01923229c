import t from 'tap';
import { forwardCommands } from '../../../src/network/forward-rules.ts';

const OUT = '-A FORWARD -s 10.40.2.0/23 -m comment --comment edge-cluster -j ACCEPT';
const ANSWERS =
  '-A FORWARD -d 10.40.2.0/23 -m comment --comment edge-cluster -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
const listing = (...rules: string[]) => `${rules.join('\n')}\n`;
const lines = (podCIDR: string | undefined, text: string) =>
  forwardCommands(podCIDR, text).map((words) => words.join(' '));

t.test('behind the rules of the owner, and only where the policy drops', async (t) => {
  const docker = '-A FORWARD -j DOCKER-USER';
  t.same(lines('10.40.2.0/23', listing('-P FORWARD DROP', docker)), [OUT, ANSWERS]);
  t.same(lines('10.40.2.0/23', listing('-P FORWARD ACCEPT', docker)), []);
  t.same(lines('10.40.2.0/23', listing('-P FORWARD DROP', docker, OUT, ANSWERS)), []);
});

t.test('what is no longer needed goes, and nothing else', async (t) => {
  const there = listing('-P FORWARD DROP', '-A FORWARD -s 10.40.2.0/23 -j ACCEPT', OUT, ANSWERS);
  t.same(lines(undefined, there), [OUT.replace('-A', '-D'), ANSWERS.replace('-A', '-D')]);
  const moved = lines('10.40.6.0/23', there);
  t.same(moved.slice(0, 2), lines(undefined, there));
  t.match(moved.slice(2), [/^-A FORWARD -s 10\.40\.6\.0\/23 /, /^-A FORWARD -d 10\.40\.6\.0\/23 /]);
  t.same(lines(undefined, ''), [], 'nor without iptables');
});
