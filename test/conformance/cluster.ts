// The cluster that the tests run against: a master, and two boards that hold the tests' images.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BoardCluster } from '../support/two-boards.ts';

const BOARDS = ['one', 'two'];

export interface ConformanceClusterOptions {
  /** Archives for `podman load`. */
  images: readonly string[];
  masterFlags: readonly string[];
  agentFlags: readonly string[];
  /** Where the programs' output goes at the end. */
  directory: string;
}

/** Resolves when `use` has ended; the cluster is gone then, however it ended. */
export async function withCluster(
  { images, masterFlags, agentFlags, directory }: ConformanceClusterOptions,
  use: (kubeconfig: string) => Promise<void>,
): Promise<void> {
  const cluster = await BoardCluster.create();
  cluster.masterFlags = masterFlags;
  cluster.agentFlags = agentFlags;
  try {
    await cluster.start([], []);
    await addBoards(cluster, images);
    await use(cluster.master.kubeconfig);
  } finally {
    await keepOutput(cluster, directory);
    await cluster.destroy();
  }
}

/** They have an IPv6 address too, as on most LANs; only a cluster of two families asks for it. */
async function addBoards(cluster: BoardCluster, images: readonly string[]): Promise<void> {
  for (const [i, name] of BOARDS.entries()) {
    const board = await cluster.lab.addBoard(name);
    await board.run('ip', 'address', 'add', `fd00:77::${i + 1}/64`, 'dev', 'eth0', 'nodad');
    await cluster.joinBoard(board, images);
  }
}

async function keepOutput({ master, agents }: BoardCluster, directory: string): Promise<void> {
  await writeFile(join(directory, 'master.log'), master.program?.output ?? '');
  for (const [name, { program }] of agents)
    await writeFile(join(directory, `agent-${name}.log`), program.output);
}
