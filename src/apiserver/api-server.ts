// The API server as one component: registry, HTTPS front, join and sessions, built from what it is handed.
import { randomUUID } from 'node:crypto';
import { loadSchema } from '../api/schema/load-schema.ts';
import type { Schema } from '../api/schema/schema.ts';
import { ServedKinds } from '../api/served-kinds.ts';
import type { Clock } from '../base/clock.ts';
import { type ClusterNetwork, dnsAddressOf } from '../base/cluster-network.ts';
import { type Component, sequence } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { MetricSource } from '../base/metrics/metric.ts';
import { processMetrics } from '../base/metrics/process-metrics.ts';
import type { Client } from '../client/client.ts';
import type { Store } from '../store/store.ts';
import { bootstrapRbac } from './auth/bootstrap-rbac.ts';
import { EscalationCheck } from './auth/escalation.ts';
import { type AccessOptions, type AccessParts, newAccess } from './auth/new-access.ts';
import type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import { WriteGuards } from './auth/write-guards.ts';
import { bootstrapCluster } from './bootstrap-objects.ts';
import { FixedServices } from './fixed-services.ts';
import { AccessHandler } from './http/access-handler.ts';
import { ApiRouter } from './http/api-router.ts';
import { HttpsFront, type Patience } from './http/https-front.ts';
import { InsecurePort } from './http/insecure-port.ts';
import { JoinHandler } from './http/join-handler.ts';
import { RequestFigures } from './http/request-figures.ts';
import { ResourceRouter } from './http/resource-router.ts';
import { WatchLines } from './http/watch-lines.ts';
import { WatchUpgrades } from './http/watch-upgrade.ts';
import type { ComponentSource } from './measured/component-health.ts';
import type { PublishedNumbers } from './measured/published-numbers.ts';
import type { UsageSource } from './measured/usage-source.ts';
import type { NodeSessions } from './node-sessions.ts';
import { PodLogs } from './pod-logs.ts';
import { newRegistry, type RegistryParts } from './registry/new-registry.ts';
import { Patcher } from './registry/patcher.ts';
import { RegistryClient } from './registry-client.ts';
import { Sessions } from './sessions.ts';
import type { DefaultTolerations } from './strategies/pod-strategy.ts';
import { firstServiceAddress } from './strategies/service-addresses.ts';
import { StreamUpgrades } from './streams/stream-upgrades.ts';

export interface ApiServerOptions
  extends Pick<AccessOptions, 'tokenKey' | 'staticTokens' | 'passwords' | 'auditLogPath'> {
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
  /** The boards' figures, for metrics.k8s.io; it is empty without them. */
  usage?: UsageSource | undefined;
  /** How the parts of the master are, for componentstatuses; there are none without it. */
  components?: ComponentSource | undefined;
  /** What applications publish, for custom.metrics.k8s.io and external.metrics.k8s.io. */
  numbers?: PublishedNumbers | undefined;
  /** Figures of other rooms, which /metrics shows beside its own. */
  figures?: readonly MetricSource[] | undefined;
  /** Signs a client certificate CN=system:node:NAME, O=system:nodes for the key in a PEM CSR; rejects a bad CSR. */
  signNodeCertificate(csrPem: string, nodeName: string): Promise<string>;
  /** Told to boards that join. */
  mqttPort: number;
  /** Addresses at which boards and pods reach this server: the Endpoints of Service `kubernetes`. */
  advertiseAddresses: readonly string[];
  /** The same whenever they are asked for, where they may change. */
  addressesNow?: (() => readonly string[]) | undefined;
  /** Plain HTTP with every right on 127.0.0.1; 0 or left out = none. */
  insecurePort?: number | undefined;
  /** How long a client may take over a request; the usual unless said. */
  patience?: Patience | undefined;
  /** How long pods stay on a board that is not ready or not reachable; 5 unless said. */
  defaultTolerations?: DefaultTolerations | undefined;
  /** Gives the schema table; it is read once, when the first request needs it. */
  schemaSource?: (() => Promise<Schema>) | undefined;
}

export class ApiServer implements Component {
  /** The in-process client; usable as soon as the store is started. */
  readonly client: Client;
  /** What is served now, custom kinds too. */
  readonly kinds = new ServedKinds();
  readonly #options: ApiServerOptions;
  readonly #parts: RegistryParts;
  readonly #access: AccessParts;
  readonly #sessions: Sessions;
  readonly #front: HttpsFront;
  readonly #run: Component;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const schema = once(options.schemaSource ?? loadSchema);
    this.#access = newAccess(options);
    this.#parts = newRegistry({
      ...options,
      accounts: { tokens: this.#access.tokens, caPem: options.tls.caPem },
      kinds: this.kinds,
      schema,
      newUid: randomUUID,
      random: Math.random,
    });
    const { registry } = this.#parts;
    const patcher = new Patcher(registry, schema);
    this.client = new RegistryClient(registry, patcher);
    this.#sessions = new Sessions(options.nodeSessions, clock, logger);
    const logs = new PodLogs(this.#sessions, clock);
    const { authorizer, policy, lasting } = this.#access;
    const guards = new WriteGuards(authorizer, new EscalationCheck(authorizer, policy));
    const services = { registry, patcher, clock, schema, guards, lasting, lines: new WatchLines() };
    const resources = new ResourceRouter(services, this.kinds, logs, this.#sessions);
    const watches = new WatchUpgrades(services, this.kinds);
    const streams = new StreamUpgrades({
      lasting,
      registry,
      sessions: this.#sessions,
      logs,
      watches,
      clock,
      logger,
    });
    const { caPem } = options.tls;
    const join = new JoinHandler({ ...options, registry, caPem });
    const accessHandler = new AccessHandler({ ...this.#access, store: options.store, schema });
    const requests = new RequestFigures(this.kinds);
    const router = new ApiRouter({
      resources,
      join,
      access: accessHandler,
      caPem,
      figures: [processMetrics, () => requests.metrics(), ...(options.figures ?? [])],
      kinds: this.kinds,
      registry,
      numbers: options.numbers,
      schema,
    });
    const { access, audit } = this.#access;
    this.#front = new HttpsFront({
      ...options,
      router,
      sessions: this.#sessions,
      streams,
      access,
      audit,
      figures: requests,
    });
    const { insecurePort } = options;
    this.#run = sequence([
      ...this.#parts.components,
      ...this.#access.components,
      this.#namespaces(),
      this.#front,
      ...(insecurePort ? [new InsecurePort(this.#front, insecurePort)] : []),
      this.#fixedServices(),
    ]);
  }

  /** The port that it listens on; 0 before start(). */
  get port(): number {
    return this.#front.port;
  }

  /** Signs and reads ServiceAccount tokens. */
  get tokens(): ServiceAccountTokens {
    return this.#access.tokens;
  }

  start(): Promise<void> {
    return this.#run.start();
  }

  async stop(): Promise<void> {
    this.#sessions.stop();
    await this.#run.stop();
  }

  #namespaces(): Component {
    const { registry } = this.#parts;
    const start = async () => {
      await bootstrapCluster(registry);
      await bootstrapRbac(registry);
    };
    return { start, stop: async () => {} };
  }

  #fixedServices(): Component {
    const { network, advertiseAddresses, addressesNow, clock, logger } = this.#options;
    const clusterIP = firstServiceAddress(network.serviceRange);
    const addresses = addressesNow ?? (() => advertiseAddresses);
    return new FixedServices({
      registry: this.#parts.registry,
      api: () => ({ clusterIP, addresses: addresses(), port: this.port }),
      dnsAddress: dnsAddressOf(network.serviceRange),
      clock,
      logger,
    });
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
