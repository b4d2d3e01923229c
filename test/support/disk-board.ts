// The whole kubelet on a real disk over the fake engine, with a master that the test plays.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { ConfigMap, PersistentVolume, Pod, Secret } from '../../src/api/objects.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { SealedFile } from '../../src/base/sealed-file.ts';
import { Kubelet } from '../../src/kubelet/kubelet.ts';
import type { KubeletOptions } from '../../src/kubelet/kubelet-options.ts';
import type { DesiredState } from '../../src/kubelet/ports.ts';
import { ownMemoryDirectory } from '../../src/kubelet/volumes/memory-directory.ts';
import { loadSecretKey } from '../../src/pki/secret-key.ts';
import { eventually } from './eventually.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeRuntime } from './fake-runtime.ts';
import { desiredPod, RecordingSink, WEB_IMAGE } from './kubelet-world.ts';

export const KEY = 'default/web-1';

export class DesiredStand {
  pods = new Map<string, Pod>();
  configMaps = new Map<string, ConfigMap>();
  secrets = new Map<string, Secret>();
  volumes = new Map<string, PersistentVolume>();
  /** No complete set has come from the master. */
  isAway = false;
  #listeners = new Set<(keys: ReadonlySet<string>) => void>();

  current(): DesiredState | undefined {
    return this.isAway ? undefined : this;
  }
  onChange(listener: (keys: ReadonlySet<string>) => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  put(pod: Pod): void {
    this.pods.set(`default/${pod.metadata.name}`, pod);
    this.changed(`default/${pod.metadata.name}`);
  }
  changed(...keys: string[]): void {
    for (const listener of this.#listeners) listener(new Set(keys));
  }
}

export interface Board {
  clock: FakeClock;
  runtime: FakeRuntime;
  desired: DesiredStand;
  sink: RecordingSink;
  dataDir: string;
  kubelet: Kubelet;
}

export async function startBoard(
  t: Test,
  base: Partial<Board> = {},
  options: Partial<KubeletOptions> = {},
): Promise<Board> {
  const clock = base.clock ?? new FakeClock();
  const runtime = base.runtime ?? new FakeRuntime({ clock, images: [WEB_IMAGE] });
  const desired = base.desired ?? new DesiredStand();
  const sink = new RecordingSink();
  const dataDir = base.dataDir ?? (await mkdtemp(join(tmpdir(), 'edge-kubelet-')));
  const kubelet = new Kubelet({
    nodeName: 'board-a',
    runtime,
    desired,
    sink,
    volumeSink: sink,
    serviceEnvironment: { forNamespace: () => ({ WEB_SERVICE_HOST: '10.48.0.7' }) },
    checkpoint: new SealedFile({
      path: join(dataDir, 'checkpoint', 'pods'),
      key: () => loadSecretKey(join(dataDir, 'checkpoint.key')),
      settleMs: 2_000,
      clock,
      logger: silentLogger,
    }),
    devices: { grant: async () => ({ paths: [], groups: [] }), release: () => undefined },
    room: () => ({
      maxPods: 250,
      devices: [],
      pressures: new Set(),
      allocatable: { cpuMillis: 4000, memoryBytes: 1024 ** 3 },
    }),
    dataDir,
    clock,
    logger: silentLogger,
    podCIDR: () => '10.40.2.0/23',
    hostAddresses: () => ['192.168.1.20'],
    clusterDomain: 'cluster.local',
    clusterDns: () => undefined,
    cleanOnStop: false,
    ...options,
  });
  await kubelet.start();
  t.teardown(async () => {
    await kubelet.stop();
    await rm(dataDir, { recursive: true, force: true });
    await rm((await ownMemoryDirectory(dataDir)) ?? dataDir, { recursive: true, force: true });
  });
  return { clock, runtime, desired, sink, dataDir, kubelet };
}

export const phaseOf = (board: Board, key = KEY) => board.sink.pods.get(key)?.status.phase;
export const isRunning = (board: Board, key = KEY) => eventually(() => phaseOf(board, key) === 'Running');

export function mountedAt(board: Board, destination: string): string {
  const container = board.runtime.containersOf(KEY).at(-1);
  const mount = board.runtime.configs
    .get(container?.id ?? '')
    ?.mounts.find((m) => m.destination === destination);
  if (!mount) throw new Error(`nothing is mounted at ${destination}`);
  return mount.source;
}

export const meta = (name: string) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
});
export function podWith(volumes: NonNullable<Pod['spec']['volumes']>, subPath?: string): Pod {
  const volumeMounts = volumes.map((v) => ({
    name: v.name,
    mountPath: `/${v.name}`,
    ...(subPath ? { subPath } : {}),
  }));
  return desiredPod({ spec: { volumes, containers: [{ name: 'web', image: WEB_IMAGE, volumeMounts }] } });
}
