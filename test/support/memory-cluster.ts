// A master without sockets or disk: the real registry on a store in memory, with informers over it. Unit tests
// of loops run against this instead of a fake that could drift.

import { withCondition } from '../../src/api/conditions.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import type { Node } from '../../src/api/objects.ts';
import { loadSchema } from '../../src/api/schema/load-schema.ts';
import { ServedKinds } from '../../src/api/served-kinds.ts';
import type { UsageSource } from '../../src/apiserver/measured/usage-source.ts';
import { newRegistry } from '../../src/apiserver/registry/new-registry.ts';
import { Patcher } from '../../src/apiserver/registry/patcher.ts';
import type { Registry } from '../../src/apiserver/registry/registry.ts';
import { RegistryClient } from '../../src/apiserver/registry-client.ts';
import { type ClusterNetwork, defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { type Component, sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Client } from '../../src/client/client.ts';
import type { EventSink, RecordedEvent } from '../../src/client/event-recorder.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { type DisruptionPolicy, defaultDisruptionPolicy } from '../../src/controllers/node-disruption.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryEngine } from './memory-engine.ts';

/** Keeps what was recorded, as `Reason: message`. */
export class EventLog implements EventSink {
  readonly events: RecordedEvent[] = [];

  record(event: RecordedEvent): void {
    this.events.push(event);
  }

  get lines(): string[] {
    return this.events.map(({ reason, message }) => `${reason}: ${message}`);
  }
}

export interface MemoryCluster {
  registry: Registry;
  client: Client;
  informers: InformerFactory;
  clock: FakeClock;
  recorder: EventLog;
  /** What every controller takes. */
  options: {
    client: Client;
    informers: InformerFactory;
    clock: FakeClock;
    logger: typeof silentLogger;
    recorder: EventLog;
    network: ClusterNetwork;
    /** Boards are judged from the start on: tests that mean a master's start say so. */
    disruption: DisruptionPolicy;
  };
  /** What is served, custom kinds too. */
  kinds: ServedKinds;
  /** How often something was written to the disk that stands below. */
  commits(): number;
  /** From now on nothing reaches the disk, or all does again. */
  setDiskFull(isFull: boolean): void;
  /** Starts the informers, then `components`; all end with {@link stop}. */
  run(...components: Component[]): Promise<void>;
  stop(): Promise<void>;
}

export async function memoryCluster(
  network = defaultClusterNetwork,
  usage?: UsageSource,
): Promise<MemoryCluster> {
  const clock = new FakeClock();
  const failures: Error[] = [];
  const disruption = { ...defaultDisruptionPolicy, startGraceMs: 0 };
  const engine = new MemoryEngine();
  const store = new LevelStore({ engine, onFatal: (error) => failures.push(error) });
  const kinds = new ServedKinds();
  let uid = 0;
  let seed = 1;
  const { registry, components } = newRegistry({
    store,
    clock,
    logger: silentLogger,
    network,
    kinds,
    usage,
    newUid: () => `00000000-0000-4000-8000-${String(++uid).padStart(12, '0')}`,
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
  });
  const schema = loadSchema();
  const client = new RegistryClient(registry, new Patcher(registry, async () => schema));
  const informers = new InformerFactory({ client, clock, logger: silentLogger });
  const recorder = new EventLog();
  const base = sequence([store, ...components]);
  const running: Component[] = [base];
  await base.start();
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  return {
    kinds,
    registry,
    commits: () => engine.batches.length,
    setDiskFull: (isFull) => {
      engine.isFull = isFull;
    },
    client,
    informers,
    clock,
    recorder,
    options: { client, informers, clock, logger: silentLogger, recorder, network, disruption },
    async run(...more) {
      const all = sequence([informers, ...more]);
      await all.start();
      running.push(all);
    },
    async stop() {
      for (const component of running.splice(0).reverse()) await component.stop();
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** Makes a board of 4 CPUs, 4 GiB and 110 pods that is ready. */
export async function addNode(client: Client, name: string, change: Partial<Node> = {}): Promise<Node> {
  const allocatable = { cpu: '4', memory: '4Gi', pods: '110' };
  const { status, ...rest } = change;
  const metadata = { ...rest.metadata, name };
  await client.create<Node>(nodes, { apiVersion: 'v1', kind: 'Node', spec: {}, ...rest, metadata });
  const conditions = withCondition([], { type: 'Ready', status: 'True' }, 0);
  const body = { status: { capacity: allocatable, allocatable, ...status, conditions } };
  return client.patch(nodes, name, { type: 'strategic', body }, 'status');
}

/** What the gateway does when it hears from a board, or no longer does. */
export async function setNodeReady(
  client: Client,
  name: string,
  status: 'True' | 'False' | 'Unknown',
  nowMs: number,
): Promise<void> {
  const conditions = withCondition([], { type: 'Ready', status }, nowMs);
  await client.patch(nodes, name, { type: 'strategic', body: { status: { conditions } } }, 'status');
}
