// Finds and removes network namespaces that a killed podman left: in /run/netns, named by podman, without any
// process, and either holding an address of our pod range or empty for a while. Their veth goes with them.
import { execFile } from 'node:child_process';
import { readdir, readlink, stat, statfs } from 'node:fs/promises';
import { BlockList, isIPv4 } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../../base/clock.ts';
import { namesIn } from '../../../base/if-present.ts';
import type { Logger } from '../../../base/logger.ts';

const namespaceFolder = '/run/netns';
const NSFS_MAGIC = 0x6e736673;
const run = promisify(execFile);

export interface NamespaceSweep {
  podRange: string;
  /** Addresses of pods that are being started now. */
  busyAddresses: ReadonlySet<string>;
  /** Paths of those that podman will remove itself; asked only when there is one to judge. */
  knownNamespaces(): Promise<ReadonlySet<string>>;
  clock: Clock;
  logger: Logger;
}

/** Of a namespace without a process: a leak of ours, somebody else's, or too young to be told from work under way. */
export type Verdict = 'leftover' | 'foreign' | 'young' | 'young and empty';

/**
 * Looks into those namespaces only that no process is in; on a healthy board that is none and costs no fork.
 * Resolves with the verdicts on those that stay: none but `foreign` is clean.
 */
export async function sweepNamespaces(sweep: NamespaceSweep): Promise<ReadonlySet<Verdict>> {
  const inUse = await namespacesWithProcesses();
  const staying = new Set<Verdict>();
  for (const name of await podmanNamespaces()) {
    const path = join(namespaceFolder, name);
    try {
      const { ino, mtimeMs } = await stat(path);
      if (inUse.has(ino)) continue;
      const verdict = judge(await addressesOf(path), sweep.clock.now() - mtimeMs, sweep);
      if (verdict !== 'leftover') staying.add(verdict);
      else if (!(await sweep.knownNamespaces()).has(path)) await removeNamespace(name, sweep.logger);
    } catch (error) {
      sweep.logger.warn({ err: error, namespace: name }, 'cannot look into a network namespace');
    }
  }
  return staying;
}

async function removeNamespace(name: string, logger: Logger): Promise<void> {
  await run('ip', ['netns', 'delete', name]);
  logger.info({ namespace: name }, 'removed a network namespace that a killed podman left');
}

async function podmanNamespaces(): Promise<string[]> {
  return (await namesIn(namespaceFolder)).filter((name) => name.startsWith('netns-'));
}

async function namespacesWithProcesses(): Promise<Set<number>> {
  const inodes = new Set<number>();
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const link = await readlink(`/proc/${pid}/ns/net`).catch(() => ''); // ended meanwhile
    const inode = /\[(\d+)\]/.exec(link)?.[1];
    if (inode) inodes.add(Number(inode));
  }
  return inodes;
}

/** None also where podman was killed between making the file and mounting the namespace on it. */
async function addressesOf(path: string): Promise<string[]> {
  const { type } = await statfs(path);
  return type === NSFS_MAGIC ? addressesIn(await ipOutput(path)) : [];
}

async function ipOutput(path: string): Promise<string> {
  const { stdout } = await run('nsenter', [`--net=${path}`, 'ip', '-j', '-4', 'address', 'show']);
  return stdout;
}

/** IPv4 addresses other than loopback ones in what `ip -j address` prints. */
export function addressesIn(ipOutput: string): string[] {
  const links = JSON.parse(ipOutput || '[]') as { addr_info?: { local?: string }[] }[];
  const all = links.flatMap((link) => (link.addr_info ?? []).map(({ local }) => local ?? ''));
  return all.filter((address) => isIPv4(address) && !address.startsWith('127.'));
}

/** podman makes a namespace, then its addresses, then the process, all within a second or two. */
const youngMs = 2_000;
/** Nothing tells whose an empty one is: a podman that is not ours may be about to give it an address. */
const youngEmptyMs = 10_000;

export function judge(
  addresses: readonly string[],
  ageMs: number,
  sweep: Pick<NamespaceSweep, 'podRange' | 'busyAddresses'>,
): Verdict {
  // After the clock was set back a namespace seems to come from the future: then it is not young.
  const isWithin = (limitMs: number) => ageMs >= 0 && ageMs <= limitMs;
  if (addresses.length === 0) {
    return sweep.busyAddresses.size > 0 || isWithin(youngEmptyMs) ? 'young and empty' : 'leftover';
  }
  const [network = '', prefix = ''] = sweep.podRange.split('/');
  const range = new BlockList();
  range.addSubnet(network, Number(prefix), 'ipv4');
  if (!addresses.some((address) => range.check(address))) return 'foreign';
  if (addresses.some((address) => sweep.busyAddresses.has(address))) return 'foreign';
  return isWithin(youngMs) ? 'young' : 'leftover';
}
