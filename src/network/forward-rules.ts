// Where iptables' FORWARD chain drops by policy (Docker and ufw set it so), pods would reach nothing outside their
// board. As podman's networks do, two rules behind all others let them out and the answers in; they carry our name and
// go with us. What the owner's own rules refuse stays refused, and so does what comes in by the policy.
import { readFileIfPresent } from '../base/if-present.ts';
import type { CommandRunner } from './command-runner.ts';
import type { Chain } from './network-problems.ts';

const OURS = '-m comment --comment edge-cluster';
/** Lists the tables of the older iptables, which nft does not show. */
const LEGACY_TABLES = '/proc/net/ip_tables_names';

/** `rules` as `iptables -S FORWARD` prints them; returns arguments of `iptables`. `podCIDR` absent = none is wanted. */
export function forwardCommands(podCIDR: string | undefined, rules: string): string[][] {
  const lines = rules.split('\n').map((line) => line.trim());
  const isWanted = podCIDR !== undefined && lines.includes('-P FORWARD DROP');
  const wanted = isWanted ? wantedRules(podCIDR) : [];
  const present = lines.filter((line) => line.includes(OURS));
  const stale = present.filter((line) => !wanted.includes(line));
  const missing = wanted.filter((line) => !present.includes(line));
  return [...stale.map((line) => line.replace(/^-A/, '-D')), ...missing].map((line) => line.split(' '));
}

function wantedRules(podCIDR: string): string[] {
  return [
    `-A FORWARD -s ${podCIDR} ${OURS} -j ACCEPT`,
    `-A FORWARD -d ${podCIDR} ${OURS} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  ];
}

/**
 * Does nothing, and runs nothing, on a board that has no such chain or no iptables. Resolves with whether rules were
 * removed.
 */
export async function applyForwardRules(
  commands: CommandRunner,
  podCIDR: string | undefined,
  chains: readonly Chain[],
): Promise<boolean> {
  const isNft = chains.some(({ table, name }) => table === 'filter' && name === 'FORWARD');
  if (!isNft && !(await hasLegacyTable())) return false;
  const changes = forwardCommands(podCIDR, await forwardChain(commands));
  for (const change of changes) await commands.run('iptables', [...PATIENTLY, ...change]);
  return changes.some(([action]) => action === '-D');
}

/** Another program may hold its lock. */
const PATIENTLY = ['-w', '5'];

async function forwardChain(commands: CommandRunner): Promise<string> {
  try {
    return await commands.run('iptables', [...PATIENTLY, '-S', 'FORWARD']);
  } catch (error) {
    if (/is not installed/.test((error as Error).message)) return '';
    throw error;
  }
}

async function hasLegacyTable(): Promise<boolean> {
  return ((await readFileIfPresent(LEGACY_TABLES)) ?? '').split('\n').includes('filter');
}
