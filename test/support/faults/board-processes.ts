// The processes of one board of a lab, read from /proc: which serve podman, and which belong to which container.
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Board } from '../lab.ts';

export interface BoardProcess {
  pid: number;
  parent: number;
  /** Words of its command line. */
  words: string[];
  /** Whether it sees the board's own files, as no process of a container does. */
  isOnBoard: boolean;
  /** Of the container whose cgroup it is in, or that it is the conmon of. */
  containerId: string | undefined;
}

/** All of the machine; `isOnBoard` tells whose. */
export async function processesSeenFrom(board: Board): Promise<BoardProcess[]> {
  const mounts = await readlink(`/proc/${board.holderPid}/ns/mnt`);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => factsOf(Number(pid), mounts)));
  return found.filter((process) => process !== undefined);
}

async function factsOf(pid: number, boardMounts: string): Promise<BoardProcess | undefined> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    const isOnBoard = (await readlink(`/proc/${pid}/ns/mnt`)) === boardMounts;
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const containerId = isConmon(words) ? argument(words, '-c') : /libpod-([0-9a-f]{64})/.exec(cgroup)?.[1];
    return words.length > 0 ? { pid, parent, words, isOnBoard, containerId } : undefined;
  } catch {
    return undefined; // Ended meanwhile.
  }
}

/** Either may be the board's; each has a folder of its name in /run, and in it one for each container. */
export const OCI_RUNTIMES: readonly string[] = ['runc', 'crun'];

/** The name of the program that a command line runs, without its path. */
export const programOf = (words: readonly string[]): string => words[0]?.split('/').at(-1) ?? '';

export function isConmon(words: readonly string[]): boolean {
  return words[0]?.endsWith('conmon') === true;
}

/** Also while it has just forked and not become its child yet. */
export function isService(words: readonly string[]): boolean {
  return words[0]?.endsWith('podman') === true && words.includes('system') && words.includes('service');
}

/** Of a conmon: the container's name. */
export function containerNameOf(conmon: BoardProcess): string {
  return argument(conmon.words, '-n') ?? '';
}

function argument(words: readonly string[], flag: string): string | undefined {
  const at = words.indexOf(flag);
  return at < 0 ? undefined : words[at + 1];
}

export function descendantsOf(all: readonly BoardProcess[], root: number): BoardProcess[] {
  const children = all.filter(({ parent }) => parent === root);
  return children.flatMap((child) => [child, ...descendantsOf(all, child.pid)]);
}
