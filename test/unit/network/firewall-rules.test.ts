import t from 'tap';
import {
  applyFirewallRules,
  firewallCommands,
  type PassingPods,
} from '../../../src/network/firewall-rules.ts';
import type { Chain } from '../../../src/network/network-problems.ts';

const OUT = '-A FORWARD -s 10.40.2.0/23 -m comment --comment edge-cluster -j ACCEPT';
const ANSWERS =
  '-A FORWARD -d 10.40.2.0/23 -m comment --comment edge-cluster -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
const listenAddress = '169.254.48.1';
const listing = (...rules: string[]) => `${rules.join('\n')}\n`;
const lines = (podCIDR: string | undefined, text: string) =>
  firewallCommands(podCIDR === undefined ? undefined : { podCIDR, listenAddress }, text).map((words) =>
    words.join(' '),
  );

t.test('behind the rules of the owner, and only where the policy drops', async (t) => {
  const docker = '-A FORWARD -j DOCKER-USER';
  t.same(lines('10.40.2.0/23', listing('-P FORWARD DROP', docker)), [OUT, ANSWERS]);
  t.same(lines('10.40.2.0/23', listing('-P FORWARD ACCEPT', docker)), []);
  t.same(lines('10.40.2.0/23', listing('-P FORWARD DROP', docker, OUT, ANSWERS)), []);
});

t.test(
  'where nothing may come in by policy, pods come to what listens for Services, and to nothing else',
  async (t) => {
    const ufw = '-A INPUT -j ufw-before-input';
    const rule = '-A INPUT -s 10.40.2.0/23 -d 169.254.48.1/32 -m comment --comment edge-cluster -j ACCEPT';
    const dropping = listing('-P INPUT DROP', '-P FORWARD ACCEPT', ufw);
    t.same(lines('10.40.2.0/23', dropping), [rule]);
    t.same(lines('10.40.2.0/23', dropping + rule), []);
    t.same(lines('10.40.2.0/23', listing('-P INPUT ACCEPT', '-P FORWARD ACCEPT', rule)), [
      rule.replace('-A', '-D'),
    ]);
  },
);

t.test('what is no longer needed goes, and nothing else', async (t) => {
  const there = listing('-P FORWARD DROP', '-A FORWARD -s 10.40.2.0/23 -j ACCEPT', OUT, ANSWERS);
  t.same(lines(undefined, there), [OUT.replace('-A', '-D'), ANSWERS.replace('-A', '-D')]);
  const moved = lines('10.40.6.0/23', there);
  t.same(moved.slice(0, 2), lines(undefined, there));
  t.match(moved.slice(2), [/^-A FORWARD -s 10\.40\.6\.0\/23 /, /^-A FORWARD -d 10\.40\.6\.0\/23 /]);
  t.same(lines(undefined, ''), [], 'nor without iptables');
});

t.test('each family has its own program and chain, and nothing is run without the chain', async (t) => {
  const chain = (family: string) => ({ family, table: 'filter', name: 'FORWARD' });
  const changesOf = async (family: 'ip' | 'ip6', pods: PassingPods, chains: Chain[]) => {
    const ran: string[] = [];
    const run = async (command: string, args: readonly string[]) => {
      ran.push([command, ...args].join(' '));
      return '-P INPUT DROP\n-P FORWARD DROP\n';
    };
    await applyFirewallRules({ run }, family, pods, chains);
    return ran;
  };
  const v6 = { podCIDR: 'fd00:10:40:1::/64', listenAddress: 'fd00:10:40:1:ec::1', bridge: 'edge0' };
  t.match(await changesOf('ip6', v6, [chain('ip6')]), [
    'ip6tables -w 5 -S',
    /^ip6tables -w 5 -A FORWARD -i edge0 -o edge0 /,
    /^ip6tables -w 5 -A FORWARD -s fd00:10:40:1::\/64 /,
    /^ip6tables -w 5 -A FORWARD -d fd00:10:40:1::\/64 /,
    /^ip6tables -w 5 -A INPUT -s fd00:10:40:1::\/64 -d fd00:10:40:1:ec::1\/128 .* -j ACCEPT$/,
  ]);
  t.match(
    (await changesOf('ip', { podCIDR: '10.40.2.0/23', listenAddress }, [chain('ip')]))[0],
    /^iptables /,
  );
  t.same(await changesOf('ip6', v6, [chain('ip'), chain('inet')]), []);
});
