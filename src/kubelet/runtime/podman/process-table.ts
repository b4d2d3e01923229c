// The board's processes, from /proc: who is at work on a container, whatever podman knows of it.
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

export interface Process {
  pid: number;
  /** Its command line. */
  words: readonly string[];
}

/** All that run now. `procFolder`: /proc unless a test has its own. */
export async function processes(procFolder = '/proc'): Promise<Process[]> {
  const found: Process[] = [];
  for (const name of await readdir(procFolder)) {
    if (!/^\d+$/.test(name)) continue;
    const line = await unlessEnded(readFile(`${procFolder}/${name}/cmdline`, 'utf8'));
    if (line !== undefined) found.push({ pid: Number(name), words: line.split('\0') });
  }
  return found;
}

/** `undefined` for one that has ended. */
export async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await unlessEnded(readFile(`/proc/${pid}/stat`, 'utf8'));
  // Its name comes before, in brackets, and may hold spaces and brackets.
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

export function isConmon({ words }: Process): boolean {
  return basename(words[0] ?? '') === 'conmon';
}

export function isConmonOf(process: Process, containerId: string): boolean {
  const { words } = process;
  return isConmon(process) && words[words.indexOf('-c') + 1] === containerId;
}

/** One that has ended meanwhile is not told. */
export function signalProcess(pid: number, signal: string | number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isEnded(error)) throw error;
  }
}

async function unlessEnded<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isEnded(error)) return undefined;
    throw error;
  }
}

function isEnded(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
}
