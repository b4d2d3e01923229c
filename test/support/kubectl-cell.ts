// One cell of the table of clients and commands: what a kubectl of some release does, in a namespace of its own.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { renderKubeconfig } from '../../src/pki/kubeconfig.ts';
import type { ClientCluster } from './client-cluster.ts';
import type { FakeBoard } from './fake-board.ts';
import { type KubectlResult, runInTerminal, runKubectl, startKubectl } from './kubectl.ts';

export interface KubectlCell {
  /** The commands of the row, as the issue names them. */
  row: string;
  /** Releases before it do not have the command: minor number of 1.x. */
  since?: number;
  run(cell: CellContext): Promise<void>;
}

export interface Printed {
  code: number;
  out: string;
  err: string;
}

export interface CellContext {
  t: Test;
  cluster: ClientCluster;
  /** The namespace that the cell has for itself; kubectl works in it. */
  namespace: string;
  /** A folder of the cell's own. */
  directory: string;
  /** Minor number of kubectl's release. */
  minor: number;
  /** Never rejects for the exit code. A text is split at blanks. */
  kubectl(
    args: string | readonly string[],
    input?: string | Uint8Array,
    env?: NodeJS.ProcessEnv,
  ): Promise<Printed>;
  /** As kubectl(), with a terminal of 24 rows and 80 columns unless said. */
  terminal(args: string | readonly string[], size?: { rows: number; columns: number }): Promise<Printed>;
  /** As kubectl(); fails the test unless it ends with 0, and gives what it printed. */
  must(args: string | readonly string[], input?: string | Uint8Array): Promise<string>;
  start(args: string | readonly string[]): ReturnType<typeof startKubectl>;
  /** The stored object: `get('apps/v1', 'deployments', 'web')`; `undefined` when it is not there. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
  get(groupVersion: string, plural: string, name: string): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the server sent.
  list(groupVersion: string, plural: string, selector?: string): Promise<any[]>;
  board(nodeName: string): FakeBoard;
}

export interface KubectlUnderTest {
  path: string;
  minor: number;
  home: string;
}

export async function writeKubectlHome(cluster: ClientCluster, home: string): Promise<void> {
  const { api } = cluster;
  const authorityPem = api.authority.certificatePem;
  const kubeconfig = renderKubeconfig({ server: api.url, authorityPem, client: api.admin });
  await writeFile(join(home, 'config'), kubeconfig);
}

export function cellContext(
  t: Test,
  cluster: ClientCluster,
  { path, minor, home }: KubectlUnderTest,
  namespace: string,
): CellContext {
  const base = (groupVersion: string) => (groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`);
  const words = (args: string | readonly string[]) => [
    ...['--namespace', namespace],
    ...(typeof args === 'string' ? args.split(' ') : args),
  ];
  const printed = ({ code, out, err }: KubectlResult) => ({ code, out: out.toString(), err });
  const kubectl: CellContext['kubectl'] = async (args, input, env) =>
    printed(await runKubectl(path, home, words(args), input, env));
  return {
    t,
    cluster,
    namespace,
    directory: t.testdir({}),
    minor,
    kubectl,
    terminal: async (args, size = { rows: 24, columns: 80 }) =>
      printed(await runInTerminal(path, home, words(args), size)),
    async must(args, input) {
      const { code, out, err } = await kubectl(args, input);
      const line = typeof args === 'string' ? args : args.join(' ');
      if (code !== 0) throw new Error(`kubectl ${line}: exit ${code}: ${err}${out}`);
      return out;
    },
    start: (args) => startKubectl(path, home, words(args)),
    async get(groupVersion, plural, name) {
      const scope = ['nodes', 'namespaces'].includes(plural) ? '' : `/namespaces/${namespace}`;
      const { code, json } = await cluster.api.ask('GET', `${base(groupVersion)}${scope}/${plural}/${name}`);
      return code === 404 ? undefined : json;
    },
    async list(groupVersion, plural, selector = '') {
      const query = `?labelSelector=${encodeURIComponent(selector)}`;
      return (await cluster.get(`${base(groupVersion)}/namespaces/${namespace}/${plural}${query}`)).items;
    },
    board(nodeName) {
      const board = cluster.boards.get(nodeName);
      if (!board) throw new Error(`there is no board ${nodeName}`);
      return board;
    },
  };
}
