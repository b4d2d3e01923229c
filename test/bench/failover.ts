// How long a lost board is missed: from its cable pulled to NotReady, to its endpoints withdrawn, and to all of its
// pods ready on the other board. Two boards with real podman; the way back is not measured.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpointSlices } from '../../src/api/kinds/endpoint-slice.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import type { EndpointSlice, Node, Pod } from '../../src/api/objects.ts';
import type { HttpClient } from '../../src/client/http-client.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { isReady, podsFrom } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';
import { adminClient } from './admin-client.ts';
import { median } from './median.ts';

const TRIES = Number(process.env.EDGE_BENCH_TRIES ?? 20);
const REPLICAS = 4;
/** From the pull, in milliseconds: what architecture and README promise. */
const STEPS = { 'not ready': 6000, 'endpoints withdrawn': 7000, 'pods replaced': 15_000 };
type Stage = keyof typeof STEPS;
const LOOK_MS = 25;
const LOST = 'beta';
const web = join(import.meta.dirname, '../../src/bin/demo/web.yaml');

export async function failover(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-failover-'));
  const cluster = await BoardCluster.create();
  try {
    await start(cluster, work);
    const client = await adminClient(cluster.master);
    const tries: Record<Stage, number>[] = [];
    for (let i = 1; i <= TRIES; i++) {
      await spread(cluster, client);
      const times = await loseOnce(cluster, client);
      process.stdout.write(`  try ${i}: ${JSON.stringify(times)}\n`);
      tries.push(times);
    }
    for (const stage of Object.keys(STEPS) as Stage[])
      print(
        stage,
        tries.map((times) => times[stage]),
      );
  } finally {
    await cluster.destroy();
    await rm(work, { recursive: true, force: true });
  }
}

async function start(cluster: BoardCluster, work: string): Promise<void> {
  await cluster.start(['alpha', LOST], [await demoArchive(work)]);
  await cluster.master.must('apply', '-f', web);
  await cluster.master.must('scale', 'rc', 'web', `--replicas=${REPLICAS}`);
}

/** Pods on both boards, all ready. */
async function spread({ master }: BoardCluster, client: HttpClient): Promise<void> {
  await eventually(async () => nodeIsReady(await client.get<Node>(nodes, LOST)), 60_000, 200);
  await eventually(
    async () => {
      await master.must('delete', 'pods', '-l', 'app=web', '--grace-period=1');
      await eventually(async () => (await readyPods(client)).length === REPLICAS, 30_000, 200);
      return (await readyPods(client)).some(({ spec }) => spec.nodeName === LOST);
    },
    90_000,
    200,
  );
}

async function loseOnce(cluster: BoardCluster, client: HttpClient): Promise<Record<Stage, number>> {
  const { board } = cluster.agent(LOST);
  const begunMs = performance.now();
  await board.unplug();
  const since = async (check: () => Promise<boolean>) => {
    await eventually(check, 60_000, LOOK_MS);
    return Math.round(performance.now() - begunMs);
  };
  const [notReady, withdrawn, replaced] = await Promise.all([
    since(async () => !nodeIsReady(await client.get<Node>(nodes, LOST))),
    since(async () => !(await readyEndpoints(client)).some(({ nodeName }) => nodeName === LOST)),
    since(async () => {
      const ready = await readyPods(client);
      return ready.filter(({ spec }) => spec.nodeName !== LOST).length === REPLICAS;
    }),
  ]);
  await board.plug();
  return { 'not ready': notReady, 'endpoints withdrawn': withdrawn, 'pods replaced': replaced };
}

async function readyPods(client: HttpClient): Promise<Pod[]> {
  return (await podsFrom(client, 'app=web')).filter(isReady);
}

async function readyEndpoints(client: HttpClient) {
  const labelSelector = 'kubernetes.io/service-name=web';
  const { items } = await client.list<EndpointSlice>(endpointSlices, { namespace: 'default', labelSelector });
  return items.flatMap(({ endpoints = [] }) => endpoints.filter(({ conditions }) => conditions?.ready));
}

const nodeIsReady = ({ status }: Node) =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

function print(stage: Stage, timesMs: readonly number[]): void {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const [half, most] = [median(timesMs), Math.max(...timesMs)].map(seconds);
  process.stdout.write(`  ${stage.padEnd(20)} p50 ${half}  max ${most}   (step: ${seconds(STEPS[stage])})\n`);
}
