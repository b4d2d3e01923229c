// A master at real speed without podman: a real API server over HTTPS, every controller and the scheduler, and boards
// that only act as if. `edgectl` runs against it in this process.

import { nodes } from '../../src/api/kinds/node.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { keyOf, type Pod } from '../../src/api/objects.ts';
import { isConflict, isNotFound } from '../../src/api/status-error.ts';
import { systemClock } from '../../src/base/clock.ts';
import { defaultClusterNetwork } from '../../src/base/cluster-network.ts';
import { type Component, sequence } from '../../src/base/component.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Discovery } from '../../src/cli/discovery.ts';
import { runEdgectl } from '../../src/cli/program.ts';
import type { Client } from '../../src/client/client.ts';
import { HttpConnection } from '../../src/client/http-connection.ts';
import { InformerFactory } from '../../src/client/informer-factory.ts';
import { allControllers } from '../../src/controllers/all-controllers.ts';
import { type DisruptionPolicy, defaultDisruptionPolicy } from '../../src/controllers/node-disruption.ts';
import { isReady } from '../../src/controllers/pod-state.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { startApiServer, type TestApiServer } from './api-server.ts';
import { addNode, EventLog, setNodeReady } from './memory-cluster.ts';
import { noSigner } from './no-signer.ts';

export interface LiveOptions {
  boards: readonly string[];
  /** How long a pod takes to be ready, and to end. */
  startMs?: number;
  endMs?: number;
  disruption?: Partial<DisruptionPolicy>;
  tolerationSeconds?: number;
  /** Pods that start but never get ready. */
  isBroken?: (pod: Pod) => boolean;
}

export interface Edgectl {
  exitCode: number;
  out: string;
  err: string;
}

export class LiveCluster {
  readonly api: TestApiServer;
  readonly informers: InformerFactory;
  readonly recorder = new EventLog();
  readonly #options: LiveOptions;
  readonly #connection: HttpConnection;
  readonly #lost = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #handled = new Set<string>();
  /** What runs on each board, as its person would see it: uids by board. */
  readonly running = new Map<string, Set<string>>();
  #parts: Component | undefined;
  #unsubscribe: (() => void) | undefined;
  #addresses = 0;
  failure: unknown;

  private constructor(api: TestApiServer, options: LiveOptions) {
    this.api = api;
    this.#options = options;
    const shared = { client: api.server.client, clock: systemClock, logger: silentLogger };
    this.informers = new InformerFactory(shared);
    const { admin } = api;
    const caPem = api.authority.certificatePem;
    const { certificatePem: certPem, keyPem } = admin;
    this.#connection = new HttpConnection({ server: api.url, caPem, certPem, keyPem });
  }

  static async start(options: LiveOptions): Promise<LiveCluster> {
    const seconds = options.tolerationSeconds ?? 1;
    const defaultTolerations = { notReadySeconds: seconds, unreachableSeconds: seconds };
    const live = new LiveCluster(await startApiServer({ defaultTolerations }), options);
    await live.#run();
    return live;
  }

  get client(): Client {
    return this.api.server.client;
  }

  async #run(): Promise<void> {
    const shared = {
      client: this.client,
      informers: this.informers,
      clock: systemClock,
      logger: silentLogger,
    };
    const disruption = { ...defaultDisruptionPolicy, startGraceMs: 0, ...this.#options.disruption };
    const options = {
      ...shared,
      recorder: this.recorder,
      network: defaultClusterNetwork,
      rootCaPem: 'ca',
      certificateSigner: noSigner,
      disruption,
    };
    this.informers.for(pods);
    const controllers = allControllers(options);
    this.#parts = sequence([this.informers, controllers, new Scheduler(options)]);
    for (const board of this.#options.boards) {
      await addNode(this.client, board);
      this.running.set(board, new Set());
    }
    await this.#parts.start();
    const look = (pod: Pod) => this.#look(pod);
    this.#unsubscribe = this.informers.for(pods).subscribe({
      onAdd: look,
      onUpdate: look,
      onDelete: ({ metadata, spec }) => {
        if (!this.#lost.has(spec.nodeName ?? '')) this.running.get(spec.nodeName ?? '')?.delete(metadata.uid);
      },
    });
  }

  /** The board is cut off: what it runs runs on. */
  async lose(board: string): Promise<void> {
    this.#lost.add(board);
    await setNodeReady(this.client, board, 'Unknown', Date.now());
  }

  /** It is back, hears what is wanted, and says what it has. */
  async restore(board: string): Promise<void> {
    this.#lost.delete(board);
    const wanted = this.informers
      .for(pods)
      .lister.list()
      .filter(({ spec }) => spec.nodeName === board);
    const uids = new Set(wanted.map(({ metadata }) => metadata.uid));
    for (const uid of this.running.get(board) ?? []) if (!uids.has(uid)) this.running.get(board)?.delete(uid);
    await setNodeReady(this.client, board, 'True', Date.now());
    for (const pod of wanted) this.#look(pod);
  }

  async edgectl(...args: string[]): Promise<Edgectl> {
    let out = '';
    let err = '';
    const io = {
      out: async (text: string | Uint8Array) => {
        out += text.toString();
      },
      err: (line: string) => {
        err += `${line}\n`;
      },
      readInput: async () => '',
      env: process.env,
      workingDirectory: '/',
      homeDirectory: '/',
      now: () => Date.now(),
    };
    const connect = async (flags: { namespace?: string }) => ({
      io,
      access: { server: this.api.url, namespace: 'default' },
      connection: this.#connection,
      discovery: new Discovery(this.#connection),
      namespace: flags.namespace ?? 'default',
      explicitNamespace: flags.namespace,
    });
    const exitCode = await runEdgectl({ io, version: '0', examine: async () => [], connect }, args);
    return { exitCode, out, err };
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#parts?.stop();
    this.#connection.close();
    await this.api.stop();
    if (this.failure) throw this.failure;
  }

  #look(pod: Pod): void {
    const { nodeName } = pod.spec;
    if (!nodeName || this.#lost.has(nodeName) || !this.running.has(nodeName)) return;
    if (pod.metadata.deletionTimestamp) {
      this.#later(`end ${pod.metadata.uid}`, nodeName, this.#options.endMs ?? 20, () => this.#end(pod));
    } else if (!isReady(pod) && (pod.status?.phase ?? 'Pending') !== 'Succeeded') {
      this.#later(`start ${pod.metadata.uid}`, nodeName, this.#options.startMs ?? 20, () => this.#begin(pod));
    }
  }

  /** One thing of a kind to a pod at a time; what was due on a board that is cut off meanwhile is not done. */
  #later(id: string, board: string, delayMs: number, act: () => Promise<unknown>): void {
    if (this.#handled.has(id)) return;
    this.#handled.add(id);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#handled.delete(id);
      if (this.#lost.has(board)) return;
      act().catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error)) this.failure = error;
      });
    }, delayMs);
    this.#timers.add(timer);
  }

  async #end(pod: Pod): Promise<void> {
    this.running.get(pod.spec.nodeName ?? '')?.delete(pod.metadata.uid);
    const preconditions = { uid: pod.metadata.uid };
    await this.client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0, preconditions });
  }

  async #begin(pod: Pod): Promise<void> {
    const now = await this.client.get(pods, keyOf(pod));
    if (now.metadata.uid !== pod.metadata.uid || now.metadata.deletionTimestamp) return;
    this.running.get(pod.spec.nodeName ?? '')?.add(pod.metadata.uid);
    this.#addresses += 1;
    const podIP = now.status?.podIP ?? `10.40.${this.#addresses >> 8}.${this.#addresses & 255}`;
    const status = this.#options.isBroken?.(pod) ? 'False' : 'True';
    const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, '');
    const conditions = [{ type: 'Ready', status, lastTransitionTime }];
    const body = { status: { phase: 'Running', podIP, conditions } };
    await this.client.patch(pods, keyOf(pod), { type: 'strategic', body }, 'status');
  }

  async nodeNames(): Promise<string[]> {
    return (await this.client.list(nodes)).items.map(({ metadata }) => metadata.name);
  }
}
