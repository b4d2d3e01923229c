// How fast the master's loops are on boards that only exist: a Deployment of 500, and of three times as many, from its
// POST to the last pod on its board's topic, a thousand pending pods to their boards, and what a thousand pods cost in
// memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import mqtt, { type MqttClient } from 'mqtt';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import type { Deployment } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Master } from '../../src/bin/master.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { addNode } from '../support/memory-cluster.ts';
import { placePods } from '../support/placing-lab.ts';

const BOARDS = 100;
const SIZES = [500, 1500];
const STEP_PLACED_MS = 2000;
const labels = { app: 'bench' };

export async function controllers(): Promise<void> {
  const { lastPostToAllBoundMs } = await placePods(1000, BOARDS, {}, false);
  print('1,000 pending pods bound', `${lastPostToAllBoundMs.toFixed(0)} ms (step: ${STEP_PLACED_MS} ms)`);
  const perPodMs: number[] = [];
  for (const replicas of SIZES) perPodMs.push((await deploy(replicas)) / replicas);
  const [few = 0, many = 0] = perPodMs;
  print('time per pod of 1,500 to that of 500', `${(many / few).toFixed(2)} (1 = linear)`);
}

/** Resolves with the milliseconds from the POST to the last pod on its topic, in a cluster of its own. */
async function deploy(replicas: number): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'edge-bench-'));
  const inspectPort = await freePort();
  const master = new Master({
    dataDir,
    apiPort: await freePort(),
    mqttPort: await freePort(),
    inspectPort,
    advertiseAddresses: ['127.0.0.1'],
    network: defaultClusterNetwork,
    clock: systemClock,
    logger: silentLogger,
    onFatal: (error) => {
      throw error;
    },
  });
  try {
    await master.start();
    return await measure(master, inspectPort, replicas);
  } finally {
    await master.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function measure({ client }: Master, inspectPort: number, replicas: number): Promise<number> {
  for (let i = 0; i < BOARDS; i++) await addNode(client, `board-${i}`);
  const published = new Set<string>();
  const person = await listen(inspectPort, published);
  try {
    const before = heldBytes();
    const beganMs = performance.now();
    await client.create<Deployment>(deployments, deployment(replicas));
    const bound = async () => (await client.list(pods)).items.filter(({ spec }) => spec.nodeName).length;
    await eventually(async () => (await bound()) === replicas, 60_000, 20);
    const boundMs = performance.now() - beganMs;
    await eventually(() => published.size === replicas, 60_000, 5);
    const publishedMs = performance.now() - beganMs;
    print(`Deployment of ${replicas}: all bound`, `${boundMs.toFixed(0)} ms`);
    print('  all on their topics', `${publishedMs.toFixed(0)} ms`);
    const perThousand = ((heldBytes() - before) * 1000) / replicas;
    print('memory per 1,000 pods', `${(perThousand / 1e6).toFixed(1)} MB (heap, the broker's tree included)`);
    return publishedMs;
  } finally {
    await person.endAsync(true);
  }
}

/** As a person who reads the boards' desired pods. */
async function listen(port: number, published: Set<string>): Promise<MqttClient> {
  const person = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  person.on('message', (topic, payload) => {
    if (payload.length > 0) published.add(topic);
  });
  await person.subscribeAsync('edge/v1/nodes/+/desired/pods/#', { qos: 1 });
  return person;
}

function deployment(replicas: number) {
  const resources = { requests: { cpu: '10m', memory: '8Mi' } };
  const containers = [{ name: 'main', image: 'example.com/main:1', resources }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'bench', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  };
}

/** After a collection, so that only what is held counts. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function print(what: string, value: string): void {
  process.stdout.write(`  ${what.padEnd(34)} ${value}\n`);
}
