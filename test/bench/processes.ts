// Memory and CPU of a set of processes, from /proc.
import { readdir, readFile, readlink } from 'node:fs/promises';

export interface ProcessUse {
  pid: number;
  name: string;
  /** Proportional set size: shared pages counted by their share. */
  pssKiB: number;
  /** Not backed by a file: does not depend on what else runs on the machine, as PSS does. */
  anonymousKiB: number;
  /** CPU so far, of the process and its reaped children. */
  cpuMs: number;
  /** Bytes sent to the disk so far. */
  writtenBytes: number;
}

/** Linux counts CPU time in ticks of 10 ms (`getconf CLK_TCK` = 100 on every Debian). */
const TICK_MS = 10;

/**
 * `root`, its descendants, and every process whose command line holds one of `marks` with its descendants; of the latter
 * only those that see the same files as we do: other clusters on the machine have mounts of their own.
 */
export async function processesOf(root: number, marks: readonly string[]): Promise<ProcessUse[]> {
  const all = await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(facts));
  const alive = all.filter((process) => process !== undefined);
  const own = await readlink('/proc/self/ns/mnt');
  const marked = (p: Facts) => p.mounts === own && marks.some((mark) => p.command.includes(mark));
  const chosen = new Set(alive.filter((p) => p.pid === root || marked(p)).map((p) => p.pid));
  for (let grown = true; grown; ) {
    const children = alive.filter((p) => chosen.has(p.parent) && !chosen.has(p.pid));
    for (const child of children) chosen.add(child.pid);
    grown = children.length > 0;
  }
  chosen.delete(process.pid);
  const uses = await Promise.all(alive.filter((p) => chosen.has(p.pid)).map(withMemory));
  return uses.filter((use) => use !== undefined);
}

interface Facts {
  pid: number;
  parent: number;
  name: string;
  command: string;
  /** Which mount namespace it is in. */
  mounts: string | undefined;
  cpuMs: number;
}

async function facts(id: string): Promise<Facts | undefined> {
  const stat = await readIfAlive(`/proc/${id}/stat`);
  const command = await readIfAlive(`/proc/${id}/cmdline`);
  if (stat === undefined || command === undefined) return undefined;
  const mounts = await readlink(`/proc/${id}/ns/mnt`).catch(() => undefined);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  return { pid: Number(id), parent: Number(fields[1]), name, command, mounts, cpuMs: ticks * TICK_MS };
}

async function withMemory({ pid, name, cpuMs }: Facts): Promise<ProcessUse | undefined> {
  const memory = await readIfAlive(`/proc/${pid}/smaps_rollup`);
  const io = await readIfAlive(`/proc/${pid}/io`);
  if (memory === undefined) return undefined;
  const pssKiB = Number(/^Pss:\s+(\d+)/m.exec(memory)?.[1] ?? 0);
  const anonymousKiB = Number(/^Anonymous:\s+(\d+)/m.exec(memory)?.[1] ?? 0);
  const writtenBytes = Number(/^write_bytes: (\d+)/m.exec(io ?? '')?.[1] ?? 0);
  return { pid, name, pssKiB, anonymousKiB, cpuMs, writtenBytes };
}

async function readIfAlive(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
