// Where iptables' FORWARD chain drops by policy (Docker and ufw set it so), pods would reach nothing outside their
// board, and where INPUT does (ufw), no Service and no name. As podman's networks do, rules behind all others let them
// out and the answers in, and to what listens for Services; they carry our name and go with us. What the owner's own
// rules refuse stays refused, and so does what comes in by the policy.
import { readFileIfPresent } from '../base/if-present.ts';
import type { CommandRunner } from './command-runner.ts';
import { type Chain, isIptables } from './network-problems.ts';
import type { FamilyName } from './rule-family.ts';

const OURS = '-m comment --comment edge-cluster';
/** `legacyTables` lists the tables of the older iptables, which nft does not show. */
const PROGRAMS = {
  ip: { program: 'iptables', legacyTables: '/proc/net/ip_tables_names' },
  ip6: { program: 'ip6tables', legacyTables: '/proc/net/ip6_tables_names' },
} as const;

/** Whom to let through. */
export interface PassingPods {
  podCIDR: string;
  /** Where Service ports listen on the board. */
  listenAddress: string;
  /** Theirs, of IPv6: where bridges pass the rules, neighbours look for each other by link-local addresses too. */
  bridge?: string;
}

/**
 * `rules` as `iptables -S` prints them; returns arguments of the same program. `pods` absent = no rule is wanted.
 */
export function firewallCommands(pods: PassingPods | undefined, rules: string): string[][] {
  const lines = rules.split('\n').map((line) => line.trim());
  const wanted = pods ? wantedRules(pods).filter((rule) => lines.includes(`-P ${chainOf(rule)} DROP`)) : [];
  const present = lines.filter((line) => line.includes(OURS));
  const stale = present.filter((line) => !wanted.includes(line));
  const missing = wanted.filter((line) => !present.includes(line));
  return [...stale.map((line) => line.replace(/^-A/, '-D')), ...missing].map((line) => line.split(' '));
}

const chainOf = (rule: string) => rule.split(' ')[1];

function wantedRules({ podCIDR, listenAddress, bridge }: PassingPods): string[] {
  const whole = listenAddress.includes(':') ? 128 : 32;
  return [
    ...(bridge ? [`-A FORWARD -i ${bridge} -o ${bridge} ${OURS} -j ACCEPT`] : []),
    `-A FORWARD -s ${podCIDR} ${OURS} -j ACCEPT`,
    `-A FORWARD -d ${podCIDR} ${OURS} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `-A INPUT -s ${podCIDR} -d ${listenAddress}/${whole} ${OURS} -j ACCEPT`,
  ];
}

/**
 * `pods` are of that family. Does nothing, and runs nothing, on a board that has no such chain or no iptables.
 * Resolves with whether rules were removed.
 */
export async function applyFirewallRules(
  commands: CommandRunner,
  name: FamilyName,
  pods: PassingPods | undefined,
  chains: readonly Chain[],
): Promise<boolean> {
  const { program, legacyTables } = PROGRAMS[name];
  const isNft = chains.some((chain) => chain.family === name && isIptables(chain));
  if (!isNft && !(await hasFilter(legacyTables))) return false;
  const changes = firewallCommands(pods, await rulesOf(commands, program));
  for (const change of changes) await commands.run(program, [...PATIENTLY, ...change]);
  return changes.some(([action]) => action === '-D');
}

/** Another program may hold its lock. */
const PATIENTLY = ['-w', '5'];

async function rulesOf(commands: CommandRunner, program: string): Promise<string> {
  try {
    return await commands.run(program, [...PATIENTLY, '-S']);
  } catch (error) {
    if (/is not installed/.test((error as Error).message)) return '';
    throw error;
  }
}

async function hasFilter(legacyTables: string): Promise<boolean> {
  return ((await readFileIfPresent(legacyTables)) ?? '').split('\n').includes('filter');
}
