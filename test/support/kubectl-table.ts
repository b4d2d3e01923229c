// Runs every cell of the table with one kubectl, against a cluster of its own.
import t from 'tap';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { startClientCluster } from './client-cluster.ts';
import { eventually } from './eventually.ts';
import { runKubectl } from './kubectl.ts';
import { cellContext, type KubectlCell, writeKubectlHome } from './kubectl-cell.ts';
import { clusterCells } from './kubectl-cells-cluster.ts';
import { deletionCells } from './kubectl-cells-deletion.ts';
import { nodeCells } from './kubectl-cells-nodes.ts';
import { objectCells } from './kubectl-cells-objects.ts';
import { queryCells } from './kubectl-cells-queries.ts';
import { rolloutCells } from './kubectl-cells-rollout.ts';
import { streamCells } from './kubectl-cells-streams.ts';

/** Where the program is, or why it cannot be had here. */
export type KubectlSource = { path: string; missing?: undefined } | { path?: undefined; missing: string };

const cells: readonly KubectlCell[] = [
  ...objectCells,
  ...queryCells,
  ...rolloutCells,
  ...deletionCells,
  ...streamCells,
  ...nodeCells,
  ...clusterCells,
];

export async function runKubectlTable({ path, missing }: KubectlSource): Promise<void> {
  if (path === undefined) {
    t.test('the table of commands', { skip: missing }, () => undefined);
    return;
  }
  const cluster = await startClientCluster();
  t.teardown(() => cluster.stop());
  const home = t.testdir({});
  await writeKubectlHome(cluster, home);
  const minor = await minorOf(path, home);
  const only = process.env.EDGE_TEST_ROW;
  for (const [index, { row, since = 0, run }] of cells.entries()) {
    if (only && !row.includes(only)) continue;
    const skip = minor < since ? `kubectl 1.${minor} has no such command: it came with 1.${since}` : false;
    t.test(`kubectl 1.${minor}: ${row}`, { skip }, async (t) => {
      const namespace = `row-${index}`;
      await makeNamespace(cluster, namespace);
      await run(cellContext(t, cluster, { path, minor, home }, namespace));
    });
  }
}

/** With its default account, without which no pod is admitted. */
async function makeNamespace(
  { api, get }: Awaited<ReturnType<typeof startClientCluster>>,
  name: string,
): Promise<void> {
  await api.server.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await eventually(() => get(`/api/v1/namespaces/${name}/serviceaccounts/default`));
}

async function minorOf(path: string, home: string): Promise<number> {
  const { out } = await runKubectl(path, home, ['version', '--client', '-o', 'json']);
  return Number.parseInt(JSON.parse(out.toString()).clientVersion.minor, 10);
}
