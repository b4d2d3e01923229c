// Kills one victim of a fault with SIGKILL, as the kernel's out-of-memory killer or a bug would.
import { type Board, kill } from '../lab.ts';
import type { BoardCluster } from '../two-boards.ts';
import {
  type BoardProcess,
  containerNameOf,
  descendantsOf,
  isConmon,
  isService,
  OCI_RUNTIMES,
  processesSeenFrom,
  programOf,
} from './board-processes.ts';
import type { Victim } from './fault-plan.ts';

/** Resolves with the names of what was killed; those of containers whose names begin with `prefix`, never others. */
export async function strike(
  cluster: BoardCluster,
  board: Board,
  victim: Victim,
  prefix: string,
): Promise<string[]> {
  if (victim === 'agent') {
    kill(cluster.agentPid(board.name));
    await cluster.startAgent(board);
    return ['agent'];
  }
  let chosen: BoardProcess[] = [];
  // It lives some 50 ms, a look takes as long, and a change makes several of them one after another.
  for (let looks = victim === 'OCI runtime' ? 20 : 1; looks > 0 && chosen.length === 0; looks--) {
    chosen = victimsIn(await processesSeenFrom(board), victim, prefix);
  }
  for (const { pid } of chosen) kill(pid);
  return chosen.map(({ words }) => words[0] ?? '');
}

function victimsIn(all: readonly BoardProcess[], victim: Victim, prefix: string): BoardProcess[] {
  const services = all.filter(({ isOnBoard, words }) => isOnBoard && isService(words));
  if (victim === 'podman') return services;
  if (victim === 'podman and its children') {
    // A container's own process is a child of a conmon, which leaves its parent as soon as it can.
    const children = services.flatMap(({ pid }) => descendantsOf(all, pid));
    return [...services, ...children.filter(({ words }) => !isConmon(words))];
  }
  if (victim === 'OCI runtime') return all.filter((p) => p.isOnBoard && isMaking(p.words));
  const isMeant = (name: string) =>
    name.startsWith(prefix) && name.includes('_POD_') === (victim === 'pause');
  const conmons = all.filter((p) => p.isOnBoard && isConmon(p.words) && isMeant(containerNameOf(p)));
  const last = conmons.at(-1);
  if (!last) return [];
  return victim === 'conmon' ? [last] : all.filter(({ parent }) => parent === last.pid);
}

/** While it makes a container. */
function isMaking(words: readonly string[]): boolean {
  return OCI_RUNTIMES.includes(programOf(words)) && words.includes('create');
}
