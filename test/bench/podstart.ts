// Time from POSTing a pod to its being Running, beside what libpod alone needs for a pause container and one
// container over its warm REST socket, one after the other in one run.
import { join } from 'node:path';
import { pods } from '../../src/api/kinds/pod.ts';
import type { Pod } from '../../src/api/objects.ts';
import type { HttpClient } from '../../src/client/http-client.ts';
import { Trial } from '../support/trial.ts';
import { adminClient } from './admin-client.ts';
import { LibpodBaseline } from './libpod-baseline.ts';
import { median } from './median.ts';

const ROUNDS = 20;
const STEP_MS = 150;

export async function podstart(): Promise<void> {
  const trial = await Trial.create();
  const libpod = new LibpodBaseline(join(trial.dataDir, 'agent/podman/containers.conf'));
  try {
    await trial.start({ demo: true });
    await libpod.start();
    const client = await adminClient(trial);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const [one, other] = [await podToRunning(client, `bench-${round}`), await libpod.podToRunning(round)];
      // The first of each fills caches.
      if (round === 0) continue;
      ours.push(one);
      theirs.push(other);
    }
    print('edge-cluster', ours);
    print('libpod alone', theirs);
    const difference = median(ours) - median(theirs);
    process.stdout.write(`  difference of the medians ${difference.toFixed(0)} ms   (step: ${STEP_MS} ms)\n`);
  } finally {
    await libpod.stop();
    await trial.destroy();
  }
}

async function podToRunning(client: HttpClient, name: string): Promise<number> {
  const watching = new AbortController();
  const list = await client.list(pods, { namespace: 'default' });
  const options = { namespace: 'default', fieldSelector: `metadata.name=${name}`, signal: watching.signal };
  const events = client.watch(pods, { ...options, resourceVersion: list.resourceVersion });
  const begun = performance.now();
  const made = client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'localhost/edge-cluster-demo:1' }],
    },
  } as Parameters<typeof client.create<Pod>>[1]);
  for await (const { object } of events) if (object.status?.phase === 'Running') break;
  const took = performance.now() - begun;
  watching.abort();
  await made;
  await client.delete(pods, `default/${name}`, { gracePeriodSeconds: 1 });
  return took;
}

function print(name: string, values: readonly number[]): void {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(0));
  process.stdout.write(
    `  ${name.padEnd(14)} median ${median(values).toFixed(0)} ms, ${least} to ${most}, n=${values.length}\n`,
  );
}
