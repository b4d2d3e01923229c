// A PodmanRuntime for one test run on the machine's own podman: its own owner label, bridge and folders. All it
// made is removed at the end; what a killed run left is removed by the next one.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { type EngineOptions, prepareEngine } from '../../src/kubelet/runtime/podman/engine.ts';
import { Exits } from '../../src/kubelet/runtime/podman/exits.ts';
import { label } from '../../src/kubelet/runtime/podman/labels.ts';
import type { LibpodClient } from '../../src/kubelet/runtime/podman/libpod-client.ts';
import { removeBridge } from '../../src/kubelet/runtime/podman/network.ts';
import { PodmanRuntime } from '../../src/kubelet/runtime/podman/podman-runtime.ts';
import { thisMachine } from '../../src/kubelet/runtime/podman/preflight.ts';
import { ensureBusyboxImage } from './test-image.ts';

/** Owner labels of test runs: the process id tells whether that run still lives. */
const ownerPrefix = 'edge-cluster-test-';

export interface TestPodman {
  runtime: PodmanRuntime;
  options: EngineOptions;
  client: LibpodClient;
  /** Address number `n` of the run's pod range, after the gateway. */
  address(n: number): string;
}

/** `subnetNumber` (0-255) keeps test files that run at the same time apart. */
export async function startTestPodman(t: Test, subnetNumber: number): Promise<TestPodman> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-podman-'));
  const options: EngineOptions = {
    dataDir: join(folder, 'data'),
    runDir: join(folder, 'run'),
    logDir: join(folder, 'logs'),
    owner: `${ownerPrefix}${process.pid}`,
    network: { bridge: `et${process.pid}`, podRange: () => `10.251.${subnetNumber}.0/24` },
    clock: systemClock,
    logger: silentLogger,
  };
  const keepAlive = setInterval(() => {}, 60_000); // The clock's timers alone would let the test end.
  const runtime = new PodmanRuntime(options);
  const exits = new Exits({ exitsDir: '/run/libpod/exits', ...silent });
  const { client, images } = await prepareEngine(options, thisMachine, exits);
  t.teardown(async () => {
    clearInterval(keepAlive);
    await runtime.stop();
    await removeRun(client, options.owner);
    await removeBridge(options.network.bridge);
    // podman's service may be writing its last.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  await removeDeadRuns(client);
  await ensureBusyboxImage(images);
  await runtime.start();
  return { runtime, options, client, address: (n) => `10.251.${subnetNumber}.${n + 1}` };
}

const silent = { clock: systemClock, logger: silentLogger, onExit: () => {} };

/** Containers and bridges of test runs whose process is gone. */
async function removeDeadRuns(client: LibpodClient): Promise<void> {
  for (const owner of await testOwners(client)) {
    const pid = Number(owner.slice(ownerPrefix.length));
    if (!isRunning(pid)) await removeRun(client, owner);
  }
  for (const link of await readdir('/sys/class/net')) {
    const pid = /^et(\d+)$/.exec(link)?.[1];
    if (pid && !isRunning(Number(pid))) await removeBridge(link);
  }
}

async function testOwners(client: LibpodClient): Promise<Set<string>> {
  const containers = await client.getJson<Labelled[] | null>('/containers/json?all=true');
  const owners = (containers ?? []).map(({ Labels }) => Labels?.[label.owner] ?? '');
  return new Set(owners.filter((owner) => owner.startsWith(ownerPrefix)));
}

interface Labelled {
  Id: string;
  Labels: Record<string, string> | null;
}

async function removeRun(client: LibpodClient, owner: string): Promise<void> {
  const all = (await client.getJson<Labelled[] | null>('/containers/json?all=true')) ?? [];
  const own = all.filter((container) => container.Labels?.[label.owner] === owner);
  const isJoined = (container: Labelled) => container.Labels?.[label.container] !== undefined;
  for (const { Id } of [...own.filter(isJoined), ...own.filter((c) => !isJoined(c))]) {
    await client.call({
      method: 'DELETE',
      path: `/containers/${Id}?force=true&v=true&timeout=0&ignore=true`,
    });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
