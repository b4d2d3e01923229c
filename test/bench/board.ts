// A whole board in one process: 20 and 50 pods started at once, what all that is resident takes at each size, and a
// minute of idling with 20: CPU, bytes written, podman's service at work or not. BOARD_PODS=100,250 goes further.
import { replicationControllers } from '../../src/api/kinds/replication-controller.ts';
import type { HttpClient } from '../../src/client/http-client.ts';
import { eventually } from '../support/eventually.ts';
import { Trial } from '../support/trial.ts';
import { adminClient } from './admin-client.ts';
import { type ProcessUse, processesOf } from './processes.ts';

const IDLE_PODS = 20;
const AT_ONCE = 50;
const SETTLE_MS = 25_000;
const IDLE_MS = 60_000;
/** Seldom: looking costs CPU, of ours and not of theirs. */
const SAMPLE_MS = 5_000;
const STEP = { cpuPercent: 0.5, writtenBytes: 0 };
const labels = { app: 'board-bench' };

export async function board(): Promise<void> {
  const more = (process.env.BOARD_PODS ?? '').split(',').filter(Boolean).map(Number);
  const trial = await Trial.create();
  try {
    await trial.start({ demo: true });
    const client = await adminClient(trial);
    await create(client);
    await settle();
    printMemory('0', await residents(trial));
    await scaleTo(client, IDLE_PODS);
    await settle();
    printMemory(`${IDLE_PODS}`, await residents(trial));
    await idle(trial);
    await scaleTo(client, 0);
    await settle();
    for (const count of [AT_ONCE, ...more]) {
      print(`${count} pods at once`, `${((await scaleTo(client, count)) / 1000).toFixed(1)} s until all run`);
      await settle();
      printMemory(`${count}`, await residents(trial));
    }
  } finally {
    await trial.destroy();
  }
}

async function idle(trial: Trial): Promise<void> {
  const before = await residents(trial);
  let samples = 0;
  let withService = 0;
  for (const beganMs = performance.now(); performance.now() - beganMs < IDLE_MS; samples++) {
    await wait(SAMPLE_MS);
    const programs = await residents(trial);
    if (programs.some(({ name }) => name === 'podman')) withService++;
  }
  const after = await residents(trial);
  const cpu = (spent(before, after, 'cpuMs') / IDLE_MS) * 100;
  const written = spent(before, after, 'writtenBytes');
  const seconds = IDLE_MS / 1000;
  print('idle CPU', `${cpu.toFixed(2)} % of a core over ${seconds} s (step: under ${STEP.cpuPercent})`);
  print('idle writes', `${written} bytes (step: ${STEP.writtenBytes})`);
  print("podman's service", `ran in ${withService} of ${samples} looks (step: 0)`);
}

/** Milliseconds until so many run and no others are left. */
async function scaleTo(client: HttpClient, replicas: number): Promise<number> {
  const key = 'default/board-bench';
  const beganMs = performance.now();
  await client.patch(replicationControllers, key, { type: 'merge', body: { spec: { replicas } } });
  await eventually(
    async () => {
      const { status } = await client.get(replicationControllers, key);
      const ready = status?.readyReplicas ?? 0;
      if (ready !== replicas || status?.replicas !== replicas) throw new Error(`${ready} of ${replicas} run`);
    },
    10 * 60_000,
    100,
  );
  return performance.now() - beganMs;
}

async function create(client: HttpClient): Promise<void> {
  const containers = [{ name: 'main', image: 'localhost/edge-cluster-demo:1' }];
  await client.create(replicationControllers, {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'board-bench', namespace: 'default' },
    spec: {
      replicas: 0,
      selector: labels,
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers } },
    },
  });
}

function residents(trial: Trial): Promise<ProcessUse[]> {
  return processesOf(trial.program?.process.pid ?? 0, ['_default_']);
}

/** What was there before and after: what came and went in between was at work. */
function spent(
  before: readonly ProcessUse[],
  after: readonly ProcessUse[],
  field: 'cpuMs' | 'writtenBytes',
): number {
  const known = new Map(before.map((use) => [use.pid, use[field]]));
  return after.reduce((total, use) => total + use[field] - (known.get(use.pid) ?? 0), 0);
}

function printMemory(pods: string, uses: readonly ProcessUse[]): void {
  const own = uses.filter(({ name }) => name.startsWith('node') || name.startsWith('MainThread'));
  const text = (list: readonly ProcessUse[]) => `${((pss(list) * 1024) / 1e6).toFixed(1)} MB`;
  print(`${pods} pods, PSS`, `${text(own)} of ours, ${text(uses)} with conmon and containers`);
}

function pss(uses: readonly ProcessUse[]): number {
  return uses.reduce((total, use) => total + use.pssKiB, 0);
}

const print = (what: string, value: string) => process.stdout.write(`  ${what.padEnd(20)} ${value}\n`);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const settle = () => wait(SETTLE_MS);
