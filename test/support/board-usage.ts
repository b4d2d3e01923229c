// Figures as boards in memory would tell them: of board-a and its pods; board-b has told none yet.
import type { PodUsage, UsageSource } from '../../src/apiserver/measured/usage-source.ts';
import type { FakeBoard } from './fake-board.ts';

const MIB = 1024 * 1024;
const WINDOW_MS = 60_000;

/** A quarter of a core and 1 GiB on the board; each container has 12 thousandths of a core and 34 MiB. */
export function boardUsage(boards: ReadonlyMap<string, FakeBoard>): UsageSource {
  return {
    nodes: () => [{ node: 'board-a', ...measured(), cpuNanocores: 250e6, workingSetBytes: 1024 * MIB }],
    pods: () => podsOf(boards.get('board-a')),
  };
}

function podsOf(board: FakeBoard | undefined): PodUsage[] {
  const running = [...(board?.runtime.containers.values() ?? [])].filter((c) => c.state === 'running');
  const pauses = running.filter((container) => container.containerName === undefined);
  return pauses.map(({ podKey, podUid }) => ({
    key: podKey,
    uid: podUid,
    ...measured(),
    containers: Object.fromEntries(
      running
        .filter((container) => container.podUid === podUid && container.containerName !== undefined)
        .map(({ containerName = '' }) => [containerName, { cpuNanocores: 12e6, workingSetBytes: 34 * MIB }]),
    ),
  }));
}

const measured = () => ({ atMs: Date.now(), windowMs: WINDOW_MS });
