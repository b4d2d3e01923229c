// A whole board: 50 pods started at once beside a service of Docker Swarm, what all that is resident takes at each size,
// the agent alone, and a time of idling with 20 pods: CPU, bytes written, podman's service at work or not.
// BOARD_PODS=100,250 goes further, BOARD_IDLE_SECONDS=600 idles longer.
import { pods } from '../../src/api/kinds/pod.ts';
import { replicationControllers } from '../../src/api/kinds/replication-controller.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import type { HttpClient } from '../../src/client/http-client.ts';
import { eventually } from '../support/eventually.ts';
import { podman } from '../support/pods.ts';
import { Trial } from '../support/trial.ts';
import { adminClient } from './admin-client.ts';
import { LoneAgent } from './lone-agent.ts';
import { type ProcessUse, processesOf } from './processes.ts';
import { SwarmService } from './swarm-service.ts';

const IDLE_PODS = 20;
const AT_ONCE = 50;
const ROUNDS = 2;
/** They run beside, and count where a board is full. */
const DEMO_PODS = 2;
const SETTLE_MS = 25_000;
const IDLE_MS = Number(process.env.BOARD_IDLE_SECONDS ?? 60) * 1000;
/** Seldom: looking costs CPU, of ours and not of theirs. */
const SAMPLE_MS = 5_000;
const STEP = { cpuPercent: 0.5, writtenBytes: 0, agentMb: 90 };
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
    await besideSwarm(client);
    for (const count of more) {
      print(`${count} pods in all`, seconds(await scaleTo(client, count - DEMO_PODS)));
      await settle();
      printMemory(`${count}`, await residents(trial));
    }
    await scaleTo(client, 0);
  } finally {
    await trial.destroy();
  }
  await agentAlone();
}

/** One after the other, in turn. */
async function besideSwarm(client: HttpClient): Promise<void> {
  const swarm = await SwarmService.start(demoImage);
  if (!swarm) print('Docker Swarm', 'not here: dockerd (docker.io) is not in PATH');
  const [ours, theirs]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await scaleTo(client, AT_ONCE));
      await scaleTo(client, 0);
      await untilNoContainers();
      if (swarm) theirs.push(await swarm.replicasToRunning(AT_ONCE));
    }
  } finally {
    await swarm?.stop();
  }
  print(`${AT_ONCE} pods at once`, ours.map(seconds).join(', '));
  if (swarm) print('Docker Swarm', `${theirs.map(seconds).join(', ')} (step: slower)`);
}

async function agentAlone(): Promise<void> {
  const agent = await LoneAgent.start();
  try {
    const client = await adminClient(agent.trial);
    await create(client);
    await scaleTo(client, IDLE_PODS);
    await settle();
    const { pssKiB = 0, anonymousKiB = 0 } = (await agent.use()) ?? {};
    const own = `${megabytes(anonymousKiB)} of it its own`;
    print('the agent alone', `${megabytes(pssKiB)} PSS at ${IDLE_PODS} pods, ${own} (step: ${STEP.agentMb})`);
    await scaleTo(client, 0);
    await untilNoPods(client);
  } finally {
    await agent.stop();
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
  const over = seconds(IDLE_MS);
  print('idle CPU', `${cpu.toFixed(2)} % of a core over ${over} (step: under ${STEP.cpuPercent})`);
  print('idle writes', `${written} bytes (step: ${STEP.writtenBytes})`);
  print("podman's service", `ran in ${withService} of ${samples} looks (step: 0)`);
}

/** Pods without grace are gone from the API at once, and their board ends them while the next would be measured. */
function untilNoContainers(): Promise<void> {
  const left = async () => {
    const found = await podman('ps', '--all', '--quiet', '--filter', 'name=board-bench');
    if (found.trim() !== '') throw new Error('containers of the last round are being removed');
  };
  return eventually(left, 120_000, 1_000);
}

/** An agent that ends leaves its pods as they are: those that are still going too. */
async function untilNoPods(client: HttpClient): Promise<void> {
  await eventually(
    async () => (await client.list(pods, { namespace: 'default' })).items.length === 0,
    60_000,
    100,
  );
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
  const containers = [{ name: 'main', image: demoImage }];
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
  const anonymous = own.reduce((total, use) => total + use.anonymousKiB, 0);
  const ours = `${megabytes(pss(own))} of ours (${megabytes(anonymous)} anonymous)`;
  print(`${pods} pods, PSS`, `${ours}, ${megabytes(pss(uses))} with conmon and containers`);
}

function pss(uses: readonly ProcessUse[]): number {
  return uses.reduce((total, use) => total + use.pssKiB, 0);
}

const megabytes = (kib: number) => `${((kib * 1024) / 1e6).toFixed(1)} MB`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const print = (what: string, value: string) => process.stdout.write(`  ${what.padEnd(20)} ${value}\n`);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const settle = () => wait(SETTLE_MS);
