// The API server as one component: registry, HTTPS front, join and sessions, built from what it is handed.
import { randomUUID } from 'node:crypto';
import { loadSchema } from '../api/schema/load-schema.ts';
import type { Schema } from '../api/schema/schema.ts';
import type { Clock } from '../base/clock.ts';
import type { ClusterNetwork } from '../base/cluster-network.ts';
import { type Component, sequence } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Store } from '../store/store.ts';
import { bootstrapApiService, bootstrapNamespaces } from './bootstrap-objects.ts';
import { ApiRouter } from './http/api-router.ts';
import { HttpsFront } from './http/https-front.ts';
import { JoinHandler } from './http/join-handler.ts';
import { ResourceRouter } from './http/resource-router.ts';
import type { NodeSessions } from './node-sessions.ts';
import { PodLogs } from './pod-logs.ts';
import { newRegistry, type RegistryParts } from './registry/new-registry.ts';
import { Patcher } from './registry/patcher.ts';
import { RegistryClient } from './registry-client.ts';
import { Sessions } from './sessions.ts';
import { firstServiceAddress } from './strategies/service-addresses.ts';

export interface ApiServerOptions {
  /** Started and stopped by the caller. */
  store: Store;
  clock: Clock;
  logger: Logger;
  network: ClusterNetwork;
  /** Server certificate and key, and the CA that client certificates must come from; all PEM. */
  tls: { certPem: string; keyPem: string; caPem: string };
  host: string;
  /** 0 = any free port; read `port` after start(). */
  port: number;
  nodeSessions: NodeSessions;
  /** Signs a client certificate CN=system:node:NAME, O=system:nodes for the key in a PEM CSR; rejects a bad CSR. */
  signNodeCertificate(csrPem: string, nodeName: string): Promise<string>;
  /** Told to boards that join. */
  mqttPort: number;
  /** Addresses at which boards and pods reach this server: the Endpoints of Service `kubernetes`. */
  advertiseAddresses: readonly string[];
  /** How long pods stay on a board that is not ready or not reachable; 5 unless said. */
  defaultTolerationSeconds?: number | undefined;
  /** Gives the schema table; it is read once, when the first request needs it. */
  schemaSource?: (() => Promise<Schema>) | undefined;
}

export class ApiServer implements Component {
  /** The in-process client; usable as soon as the store is started. */
  readonly client: Client;
  readonly #options: ApiServerOptions;
  readonly #parts: RegistryParts;
  readonly #sessions: Sessions;
  readonly #front: HttpsFront;
  readonly #run: Component;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const schema = once(options.schemaSource ?? loadSchema);
    this.#parts = newRegistry({ ...options, newUid: randomUUID, random: Math.random });
    const { registry } = this.#parts;
    const patcher = new Patcher(registry, schema);
    this.client = new RegistryClient(registry, patcher);
    this.#sessions = new Sessions(options.nodeSessions, clock, logger);
    const logs = new PodLogs(this.#sessions, clock);
    const resources = new ResourceRouter({ registry, patcher, clock, schema }, logs);
    const { caPem } = options.tls;
    const join = new JoinHandler({ ...options, registry, caPem });
    const router = new ApiRouter({ resources, join, caPem, schema });
    this.#front = new HttpsFront({ ...options, router, sessions: this.#sessions });
    this.#run = sequence([...this.#parts.components, this.#namespaces(), this.#front, this.#apiService()]);
  }

  /** The port that it listens on; 0 before start(). */
  get port(): number {
    return this.#front.port;
  }

  start(): Promise<void> {
    return this.#run.start();
  }

  async stop(): Promise<void> {
    this.#sessions.stop();
    await this.#run.stop();
  }

  #namespaces(): Component {
    return { start: () => bootstrapNamespaces(this.#parts.registry), stop: async () => {} };
  }

  #apiService(): Component {
    const { network, advertiseAddresses: addresses } = this.#options;
    const clusterIP = firstServiceAddress(network.serviceRange);
    const start = () => bootstrapApiService(this.#parts.registry, { clusterIP, addresses, port: this.port });
    return { start, stop: async () => {} };
  }
}

/** Calls `make` at the first call and keeps its outcome; a failure is not kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
