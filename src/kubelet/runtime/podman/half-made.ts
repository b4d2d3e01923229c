// Ends what conmon has begun of a container whose start nobody finished. When the OCI runtime is killed in the middle of
// it (a board out of memory), its half-made init holds conmon's pipe open, conmon waits for ever, podman waits for
// conmon with the container locked, and not even a removal by force comes through.
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

export interface Process {
  pid: number;
  parent: number;
  words: string[];
}

/** Kills the container's conmon and all below it; podman's start then fails, and a removal comes through. */
export async function endHalfMade(containerId: string): Promise<void> {
  for (const pid of halfMadeProcesses(await processes(), containerId)) end(pid);
}

/** What conmon began first, conmon last: its end is what podman waits for. */
export function halfMadeProcesses(all: readonly Process[], containerId: string): number[] {
  const conmons = all.filter(({ words }) => {
    const isConmon = basename(words[0] ?? '') === 'conmon';
    return isConmon && words[words.indexOf('-c') + 1] === containerId;
  });
  return conmons.flatMap(({ pid }) => [...below(all, pid), pid]);
}

function below(all: readonly Process[], pid: number): number[] {
  const children = all.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [...below(all, child.pid), child.pid]);
}

/** All that run now. */
export async function processes(): Promise<Process[]> {
  const found: Process[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = (await readFile(`/proc/${name}/cmdline`, 'utf8')).split('\0');
      const stat = await readFile(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      found.push({ pid: Number(name), parent, words });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return found;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
}
