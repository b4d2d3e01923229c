// A kubelet's pods in memory: the real reconciler and workers over the fake runtime, a clock that tests move, and
// records and volumes that live in maps. Tests assert what the engine holds and what was reported.
import type { ConfigMap, core, Pod, Secret } from '../../src/api/objects.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { DesiredConfigSource } from '../../src/kubelet/config/desired-config-source.ts';
import { ContainerCache } from '../../src/kubelet/container-cache.ts';
import type { DeviceGrant } from '../../src/kubelet/devices/board-devices.ts';
import { ImagePulls } from '../../src/kubelet/images/image-pulls.ts';
import { pullSecretsOf } from '../../src/kubelet/images/pull-secrets.ts';
import { RegistrySettings } from '../../src/kubelet/images/registry-settings.ts';
import { PodWorkers } from '../../src/kubelet/pod-workers.ts';
import { type BoardRoom, refusalBy, resizeRefusalBy } from '../../src/kubelet/pods/admission.ts';
import { assemblePods } from '../../src/kubelet/pods/assemble-pods.ts';
import type { PodReconciler } from '../../src/kubelet/pods/pod-reconciler.ts';
import type {
  ObservedPod,
  ObservedVolume,
  PodEvent,
  StatusSink,
  VolumeSink,
} from '../../src/kubelet/ports.ts';
import type { PodRecord } from '../../src/kubelet/records/pod-record.ts';
import type { RecordStore } from '../../src/kubelet/records/record-store.ts';
import type { Volumes } from '../../src/kubelet/volumes/pod-volumes.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { FakeRuntime } from './fake-runtime.ts';

export const WEB_IMAGE = 'registry.lan/web:1';
/** Of desiredPod() unless it is named otherwise. */
export const WEB_KEY = 'default/web-1';
export const NEW_WEB_IMAGE = 'registry.lan/web:2';

export interface PodOptions {
  name?: string;
  uid?: string;
  spec?: Partial<core.PodSpec>;
  metadata?: Partial<Pod['metadata']>;
  status?: core.PodStatus;
}

/** A pod as the master publishes it; one container `web` unless the spec says otherwise. */
export function desiredPod(options: PodOptions = {}): Pod {
  const { name = 'web-1', uid = `uid-${name}`, spec, metadata, status } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec: { restartPolicy: 'Always', containers: [{ name: 'web', image: WEB_IMAGE }], ...spec },
    ...(status ? { status } : {}),
  };
}

export class RecordingSink implements StatusSink, VolumeSink {
  readonly pods = new Map<string, ObservedPod>();
  readonly events: PodEvent[] = [];
  readonly forgotten: string[] = [];
  reports = 0;
  volumes: Readonly<Record<string, ObservedVolume>> = {};

  report(pod: ObservedPod): void {
    this.reports++;
    this.pods.set(pod.key, pod);
  }

  forget(key: string): void {
    this.pods.delete(key);
    this.forgotten.push(key);
  }

  event(event: PodEvent): void {
    this.events.push(event);
  }

  reportVolumes(volumes: Readonly<Record<string, ObservedVolume>>): void {
    this.volumes = volumes;
  }

  reasons(): string[] {
    return this.events.map((e) => e.reason);
  }
}

/** Survives a KubeletWorld: hand it to the next one to play an agent's restart. */
export class MemoryRecords implements RecordStore {
  readonly stored = new Map<string, string>();
  writes = 0;

  async load(): Promise<PodRecord[]> {
    return [...this.stored.values()].map((text) => JSON.parse(text) as PodRecord);
  }

  async save(record: PodRecord): Promise<void> {
    this.writes++;
    this.stored.set(record.uid, JSON.stringify(record));
  }

  async remove(uid: string): Promise<void> {
    this.stored.delete(uid);
  }
}

class MemoryVolumes implements Volumes {
  readonly removed: string[] = [];
  async mountsFor() {
    return [];
  }
  async refresh() {}
  async remove(uid: string) {
    this.removed.push(uid);
  }
}

export interface KubeletWorldOptions {
  clock?: FakeClock;
  runtime?: FakeRuntime;
  records?: MemoryRecords;
}

export class KubeletWorld {
  readonly clock: FakeClock;
  readonly runtime: FakeRuntime;
  readonly records: MemoryRecords;
  readonly sink = new RecordingSink();
  readonly volumes = new MemoryVolumes();
  readonly pods = new Map<string, Pod>();
  readonly configMaps = new Map<string, ConfigMap>();
  readonly secrets = new Map<string, Secret>();
  readonly cache = new ContainerCache();
  readonly workers: PodWorkers;
  readonly reconciler: PodReconciler;
  podCIDR: string | undefined = '10.40.2.0/23';
  /** Uids of pods that Services lead to; see servicesChanged(). */
  readonly served = new Set<string>();
  readonly #servicesWatchers = new Set<() => void>();
  /** Whether the desired set came from the master (complete) or from a checkpoint. */
  isComplete = true;
  serviceVariables: Record<string, string> | undefined = {};
  /** What containers are granted, by their names. */
  readonly devices = new Map<string, DeviceGrant>();
  room: BoardRoom = {
    maxPods: 250,
    devices: [],
    pressures: new Set(),
    allocatable: { cpuMillis: 4000, memoryBytes: 1024 ** 3 },
  };
  #unsubscribe: () => void = () => {};

  constructor(options: KubeletWorldOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    this.runtime =
      options.runtime ?? new FakeRuntime({ clock: this.clock, images: [WEB_IMAGE, NEW_WEB_IMAGE] });
    this.records = options.records ?? new MemoryRecords();
    this.workers = new PodWorkers({
      clock: this.clock,
      logger: silentLogger,
      reconcile: (key) => this.reconciler.reconcile(key),
    });
    this.reconciler = this.#assemble();
  }

  /** Starts as the agent does: records, then what the engine has, then a look at every pod. */
  async start(): Promise<void> {
    await this.reconciler.restore();
    this.#unsubscribe = this.runtime.onChange((id) => void this.#changed(id));
    await this.#changed(undefined);
    await this.settle();
  }

  /** The agent dies: nothing is told to the containers. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.workers.stop();
    this.reconciler.stop();
  }

  /** Makes the pod wanted (or wanted differently) and lets the board follow. */
  async want(pod: Pod): Promise<void> {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    this.pods.set(key, pod);
    await this.look(key);
  }

  async unwant(key: string): Promise<void> {
    this.pods.delete(key);
    await this.look(key);
  }

  async look(key: string): Promise<void> {
    this.reconciler.retryConfigs(key);
    this.workers.look(key);
    await this.settle();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  /** Lets passes that are ready run; fake work needs no real time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 25; i++) await settle();
  }

  status(key = 'default/web-1'): core.PodStatus {
    const observed = this.sink.pods.get(key);
    if (!observed) throw new Error(`nothing was reported of ${key}`);
    return observed.status;
  }

  containerStatus(name = 'web', key = 'default/web-1'): core.ContainerStatus {
    const { containerStatuses = [], initContainerStatuses = [] } = this.status(key);
    const found = [...initContainerStatuses, ...containerStatuses].find((s) => s.name === name);
    if (!found) throw new Error(`no status of container ${name}`);
    return found;
  }

  running(name = 'web', key = 'default/web-1') {
    return this.runtime.containersOf(key).find((c) => c.containerName === name && c.state === 'running');
  }

  async exit(exitCode: number, name = 'web', key = 'default/web-1'): Promise<void> {
    const container = this.running(name, key);
    if (!container) throw new Error(`container ${name} does not run`);
    this.runtime.exit(container.id, exitCode);
    await this.settle();
  }

  async servicesChanged(): Promise<void> {
    for (const watcher of [...this.#servicesWatchers]) watcher();
    await this.settle();
  }

  async #changed(id: string | undefined): Promise<void> {
    const snapshot = this.cache.beforeAsking();
    if (id === undefined) {
      const keys = this.cache.applyList(snapshot, await this.runtime.list());
      for (const key of [...keys, ...this.pods.keys(), ...this.reconciler.keys()]) this.workers.look(key);
      return;
    }
    const key = this.cache.applyInspect(snapshot, id, await this.runtime.inspect(id));
    if (key) this.workers.look(key);
  }

  #assemble(): PodReconciler {
    const state = { pods: this.pods, configMaps: this.configMaps, secrets: this.secrets, volumes: new Map() };
    const hostAddresses = () => ['192.168.1.20'];
    const configs = new DesiredConfigSource({
      nodeName: 'board-a',
      volumes: this.volumes,
      clusterDomain: 'cluster.local',
      clusterDns: () => '10.48.0.10',
      desired: () => state,
      isProvisional: () => !this.isComplete,
      serviceVariables: () => this.serviceVariables,
      hostAddresses,
      allocatable: () => ({ cpu: '4', memory: '1Gi', ephemeralStorage: '8Gi' }),
      imageUser: (image) => this.runtime.imageUser(image),
      seccompFolder: '/seccomp',
      boardMemoryBytes: 1024 ** 3,
      boardHostname: 'board-a',
      hostResolver: async () => ({ servers: [], searches: [], options: [] }),
    });
    const { runtime, clock } = this;
    const settings = new RegistrySettings({ desired: () => state, file: undefined });
    return assemblePods({
      runtime: this.runtime,
      cache: this.cache,
      clock: this.clock,
      logger: silentLogger,
      sink: this.sink,
      records: this.records,
      volumes: this.volumes,
      configs,
      imagePulls: new ImagePulls({ runtime, clock, settings, logger: silentLogger }),
      pullSecrets: (pod) => pullSecretsOf(pod, state.secrets),
      ensureInfraImage: async () => undefined,
      desired: () => ({ state, isComplete: this.isComplete }),
      podCIDR: () => this.podCIDR,
      servedPods: {
        isServed: (uid) => this.served.has(uid),
        onChange: (watcher) => {
          this.#servicesWatchers.add(watcher);
          return () => this.#servicesWatchers.delete(watcher);
        },
      },
      devices: {
        grant: async (container) => this.devices.get(container.name) ?? { paths: [], groups: [] },
        release: () => undefined,
      },
      admit: (pod, admitted) => refusalBy(this.room, pod, admitted),
      admitResize: (pod, others) => resizeRefusalBy(this.room, pod, others),
      networkProblem: () => (this.podCIDR ? undefined : 'the board has no pod range yet'),
      hostAddresses,
      look: (key) => this.workers.look(key),
      lookAfter: (key, delayMs) => this.workers.lookAfter(key, delayMs),
    });
  }
}

/** A world with this pod wanted, ended with the test. */
export async function startedWorld(
  t: { teardown(end: () => Promise<void>): void },
  pod = desiredPod(),
): Promise<KubeletWorld> {
  const world = new KubeletWorld();
  t.teardown(() => world.stop());
  await world.start();
  await world.want(pod);
  return world;
}
