// Ends what conmon has begun of a container whose start nobody finished. When the OCI runtime is killed in the middle of
// it (a board out of memory), its half-made init holds conmon's pipe open, conmon waits for ever, podman waits for
// conmon with the container locked, and not even a removal by force comes through.
import { isConmonOf, type Process, parentOf, processes, signalProcess } from './process-table.ts';

interface Child extends Process {
  parent: number;
}

/** Kills the container's conmon and all below it; podman's start then fails, and a removal comes through. */
export async function endHalfMade(containerId: string): Promise<void> {
  for (const pid of halfMadeProcesses(await children(), containerId)) signalProcess(pid, 'SIGKILL');
}

/** What conmon began first, conmon last: its end is what podman waits for. */
export function halfMadeProcesses(all: readonly Child[], containerId: string): number[] {
  const conmons = all.filter((process) => isConmonOf(process, containerId));
  return conmons.flatMap(({ pid }) => [...below(all, pid), pid]);
}

function below(all: readonly Child[], pid: number): number[] {
  const own = all.filter(({ parent }) => parent === pid);
  return own.flatMap((child) => [...below(all, child.pid), child.pid]);
}

async function children(): Promise<Child[]> {
  const found: Child[] = [];
  for (const process of await processes()) {
    const parent = await parentOf(process.pid);
    if (parent !== undefined) found.push({ ...process, parent });
  }
  return found;
}
