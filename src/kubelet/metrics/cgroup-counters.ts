// One reading of a container's counters from its cgroup files, and of the board's from /proc. Nothing is forked;
// what the kernel does not count is left out, never 0.
import { readFileIfPresent } from '../../base/if-present.ts';
import type { CgroupFiles } from './cgroup-mounts.ts';

export interface Counters {
  /** CPU time used since the group was made, in nanoseconds. */
  cpuNs?: number;
  /** Memory that cannot be had back at once: usage less inactive file pages, in bytes. */
  workingSetBytes?: number;
}

/** `undefined` when the group is gone. */
export async function readCounters(files: CgroupFiles): Promise<Counters | undefined> {
  const read = async (path: string | undefined) => (path ? await readOrGone(path) : undefined);
  const [cpu, memory, stat] = await Promise.all([
    read(files.cpu),
    read(files.memory),
    read(files.memoryStat),
  ]);
  const cpuNs = cpu === undefined ? undefined : parseCpuNs(cpu);
  const workingSetBytes = memory === undefined ? undefined : parseWorkingSet(memory, stat ?? '');
  if (cpuNs === undefined && workingSetBytes === undefined) return undefined;
  return {
    ...(cpuNs === undefined ? {} : { cpuNs }),
    ...(workingSetBytes === undefined ? {} : { workingSetBytes }),
  };
}

/** Reading a group that is being removed says ENODEV. */
async function readOrGone(path: string): Promise<string | undefined> {
  try {
    return await readFileIfPresent(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENODEV') return undefined;
    throw error;
  }
}

/** v1: the number alone, in nanoseconds; v2: `usage_usec N`. */
export function parseCpuNs(text: string): number | undefined {
  const micros = /^usage_usec (\d+)$/m.exec(text)?.[1];
  if (micros !== undefined) return Number(micros) * 1000;
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

/** As cAdvisor counts it, so that people see the figures they know; never below 0. */
export function parseWorkingSet(usage: string, stat: string): number | undefined {
  if (!/^\d+\s*$/.test(usage)) return undefined;
  const inactive = /^total_inactive_file (\d+)$/m.exec(stat)?.[1] ?? /^inactive_file (\d+)$/m.exec(stat)?.[1];
  return Math.max(0, Number(usage) - Number(inactive ?? 0));
}

/** Working set of the whole board from /proc/meminfo, whose figures are in KiB. */
export function parseBoardWorkingSet(meminfo: string): number | undefined {
  const kib = (name: string) =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? Number.NaN);
  const used = kib('MemTotal') - kib('MemFree') - kib('Inactive\\(file\\)');
  return Number.isFinite(used) ? Math.max(0, used) * 1024 : undefined;
}

/** Busy time of all cores since boot, in nanoseconds, from /proc/stat, which counts in hundredths of a second. */
export function parseBoardCpuNs(busyTicks: number): number {
  return busyTicks * 10_000_000;
}

/** When the board was started, from /proc/stat, which says it in seconds. */
export function parseBootTimeMs(stat: string): number {
  return Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000;
}
