// The board's processes, from /proc: who is at work on a container, whatever podman knows of it.
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { processFile } from '../../board/process-file.ts';

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
    const pid = Number(name);
    const line = await processFile(pid, 'cmdline', procFolder);
    if (line !== undefined) found.push({ pid, words: line.split('\0') });
  }
  return found;
}

/** `undefined` for one that has ended. */
export async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await processFile(pid, 'stat');
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
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
