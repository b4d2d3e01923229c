// The master, joined from its rooms: store, API server, controllers, scheduler, broker, gateway.
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { nodes } from '../api/kinds/node.ts';
import { services } from '../api/kinds/service.ts';
import type { KubeObject } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import { allKinds } from '../api/scheme-table.ts';
import { ApiServer, type ApiServerOptions } from '../apiserver/api-server.ts';
import { parseCredentials } from '../apiserver/auth/static-credentials.ts';
import type { ComponentHealth } from '../apiserver/measured/component-health.ts';
import { storePrefix } from '../apiserver/registry/keys.ts';
import { firstServiceAddress } from '../apiserver/strategies/service-addresses.ts';
import type { Clock } from '../base/clock.ts';
import type { ClusterNetwork } from '../base/cluster-network.ts';
import { type Component, sequence } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import { ValueCipher } from '../base/value-cipher.ts';
import type { Client } from '../client/client.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { InformerFactory } from '../client/informer-factory.ts';
import { QueueFigures } from '../client/queue-figures.ts';
import { allControllers } from '../controllers/all-controllers.ts';
import { Gateway } from '../gateway/gateway.ts';
import { PodPeers } from '../gateway/pod-peers.ts';
import { Broker, type BrokerTls } from '../mqtt/broker.ts';
import type { PodOf } from '../mqtt/gatekeeper.ts';
import { type CertificateAuthority, openAuthority } from '../pki/certificate-authority.ts';
import { requestedIdentity, signRequest } from '../pki/certificate-request.ts';
import {
  ensureAdminCertificate,
  ensureServerCertificate,
  type ServerNames,
} from '../pki/kept-certificates.ts';
import { writeKubeconfig } from '../pki/kubeconfig.ts';
import { signNodeRequest } from '../pki/node-certificate.ts';
import { loadSecretKey } from '../pki/secret-key.ts';
import { loadTokenKey } from '../pki/token-key.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { DiskEngine } from '../store/disk-engine.ts';
import { LevelStore } from '../store/level-store.ts';
import type { Store } from '../store/store.ts';
import type { NodeLifecycleOptions } from './node-lifecycle-flags.ts';
import { rangeProblem } from './stored-ranges.ts';

export interface MasterOptions {
  dataDir: string;
  apiPort: number;
  mqttPort: number;
  /** 0 = off. */
  inspectPort: number;
  /** Plain HTTP with every right on 127.0.0.1; off unless said. */
  insecurePort?: number | undefined;
  /** Lines of `token,user,uid,"groups"`; none unless said. */
  tokenFile?: string | undefined;
  /** Lines of `password,user,uid,"groups"`; basic authentication is off unless said. */
  passwordFile?: string | undefined;
  /** Who asked for what is recorded here; off unless said. */
  auditLogPath?: string | undefined;
  /** How often HorizontalPodAutoscalers look at their metrics. */
  autoscalerSyncPeriodMs?: number | undefined;
  /** Addresses of this machine at which boards reach the master. */
  advertiseAddresses: readonly string[];
  /** The same whenever they are asked for, where they may change. */
  addressesNow?: (() => readonly string[]) | undefined;
  /** How lost boards are judged and given up; each room's defaults unless given. */
  nodeLifecycle?: NodeLifecycleOptions | undefined;
  network: ClusterNetwork;
  clock: Clock;
  logger: Logger;
  /** The store or another invariant broke: the process must end. */
  onFatal(error: Error): void;
}

type Credentials = Pick<ApiServerOptions, 'tokenKey' | 'staticTokens' | 'passwords'>;

export class Master implements Component {
  readonly #options: MasterOptions;
  #running: Component[] = [];
  #authority: CertificateAuthority | undefined;
  #apiServer: ApiServer | undefined;
  #isStarted = false;

  constructor(options: MasterOptions) {
    this.#options = options;
  }

  get kubeconfigPath(): string {
    return join(this.#options.dataDir, 'admin.kubeconfig');
  }

  /** Of the running master: signs the certificates of boards. */
  get authority(): CertificateAuthority {
    if (!this.#authority) throw new Error('the master has not started');
    return this.#authority;
  }

  /** The API without HTTP, with all rights; of the running master. */
  get client(): Client {
    if (!this.#apiServer) throw new Error('the master has not started');
    return this.#apiServer.client;
  }

  async start(): Promise<void> {
    const store = await this.#makeStore();
    // Opened before anything else, so that a second master on the same directory changes nothing.
    await store.start();
    this.#running = [store];
    try {
      this.#refuseOtherRanges(store);
      const parts = sequence(await this.#makeParts(store));
      await parts.start();
      this.#running.push(parts);
      this.#isStarted = true;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const component of this.#running.splice(0).reverse()) await component.stop();
  }

  #refuseOtherRanges(store: Store): void {
    const { network, dataDir } = this.#options;
    const stored = <T extends KubeObject>(kind: KindDefinition<T>) =>
      store.list(storePrefix(kind)).map(({ value }) => value as unknown as T);
    const found = { services: stored(services), nodes: stored(nodes) };
    const problem = rangeProblem(found, network, dataDir);
    if (problem !== undefined) throw new Error(problem);
  }

  async #makeStore(): Promise<LevelStore> {
    const { dataDir, logger, onFatal } = this.#options;
    const directory = join(dataDir, 'store');
    const cipher = new ValueCipher(await loadSecretKey(join(dataDir, 'secrets.key')));
    return new LevelStore({
      engine: new DiskEngine({ directory }),
      encryption: { cipher, prefixes: ['/registry/core/secrets/'] },
      onFatal,
      onRoom: (hasRoom) => {
        if (hasRoom) logger.info({ directory }, 'there is room on the disk again: writes are taken');
        else
          logger.error({ directory }, 'the disk is full: free some space, until then nothing can be changed');
      },
    });
  }

  async #makeParts(store: LevelStore): Promise<Component[]> {
    const { network, clock, logger, nodeLifecycle } = this.#options;
    const tls = await this.#makeCertificates();
    // Asked only when a client connects, and then all of it is there.
    const broker = this.#makeBroker(tls, (token) => podPeers.identify(token));
    const credentials = await this.#credentials();
    const apiServer = this.#makeApiServer(store, tls, credentials, {
      nodeSessions: { request: (node, request) => gateway.request(node, request) },
      usage: { nodes: () => gateway.metrics.nodes(), pods: () => gateway.metrics.pods() },
      numbers: { all: () => gateway.appMetrics.all() },
      components: () => this.#components(store),
      figures: [
        () => store.metrics(),
        () => figures.metrics(),
        () => broker.metrics(),
        () => [gateway.metrics.heartbeatAges()],
      ],
    });
    this.#apiServer = apiServer;
    const { client } = apiServer;
    const informers = new InformerFactory({ client, clock, logger });
    const figures = new QueueFigures();
    const podPeers = new PodPeers(apiServer.tokens, informers);
    const recorder = new EventRecorder({ client, clock, logger });
    const common = { client, informers, clock, logger, recorder };
    const controllers = allControllers({
      ...common,
      figures,
      customKinds: apiServer.kinds,
      network,
      rootCaPem: String(tls.ca),
      disruption: nodeLifecycle?.disruption,
      certificateSigner: {
        read: requestedIdentity,
        sign: (request, wanted) => signRequest(this.authority, request, wanted),
      },
      customMetrics: {
        find: (...path) => gateway.appMetrics.find(...path),
        series: (...path) => gateway.appMetrics.series(...path),
      },
      syncPeriodMs: this.#options.autoscalerSyncPeriodMs,
    });
    const scheduler = new Scheduler(common);
    const gateway = new Gateway({
      ...common,
      bus: broker,
      network,
      kinds: allKinds,
      customKinds: apiServer.kinds,
      tokenIssuer: apiServer.tokens,
      epoch: store.epoch,
      times: nodeLifecycle?.presence,
    });
    return [broker, apiServer, recorder, informers, gateway, controllers, scheduler];
  }

  /** Whatever breaks in one of them ends the process: so they work, or have not begun yet. */
  #components({ hasRoom }: LevelStore): ComponentHealth[] {
    const problem = this.#isStarted ? undefined : 'it is starting';
    const parts = ['broker', 'controller-manager', 'gateway', 'scheduler'].map((name) => ({ name, problem }));
    return [...parts, { name: 'store', problem: hasRoom ? undefined : 'the disk is full: free some space' }];
  }

  async #makeCertificates(): Promise<BrokerTls> {
    const { dataDir, apiPort, clock } = this.#options;
    const directory = join(dataDir, 'pki');
    const authority = await openAuthority(directory, clock);
    this.#authority = authority;
    const server = await ensureServerCertificate(authority, directory, this.#serverNames(), clock);
    const client = await ensureAdminCertificate(authority, directory, clock);
    const authorityPem = authority.certificatePem;
    await writeKubeconfig(this.kubeconfigPath, {
      server: `https://127.0.0.1:${apiPort}`,
      authorityPem,
      client,
    });
    return { key: server.keyPem, cert: server.certificatePem, ca: authorityPem };
  }

  /** Every name and address by which boards, pods and people may call the master. */
  #serverNames(): ServerNames {
    const { advertiseAddresses, network } = this.#options;
    const service = 'kubernetes.default.svc.cluster.local'.split('.');
    const services = [1, 2, 3, 5].map((levels) => service.slice(0, levels).join('.'));
    return {
      dnsNames: [...new Set(['localhost', hostname(), ...services])],
      ipAddresses: [
        ...new Set(['127.0.0.1', ...advertiseAddresses, firstServiceAddress(network.serviceRange)]),
      ],
    };
  }

  #makeBroker(tls: BrokerTls, podOf: PodOf): Broker {
    const { mqttPort, inspectPort, clock, logger } = this.#options;
    return new Broker({
      tls,
      nodes: { host: '0.0.0.0', port: mqttPort },
      inspectPort: inspectPort === 0 ? undefined : inspectPort,
      podOf,
      clock,
      logger,
    });
  }

  async #credentials(): Promise<Credentials> {
    const { dataDir, tokenFile, passwordFile } = this.#options;
    const read = async (path: string | undefined) =>
      path === undefined ? undefined : parseCredentials(await readFile(path, 'utf8'), path);
    return {
      tokenKey: await loadTokenKey(join(dataDir, 'pki', 'service-account.key')),
      staticTokens: await read(tokenFile),
      passwords: await read(passwordFile),
    };
  }

  #makeApiServer(
    store: Store,
    tls: BrokerTls,
    credentials: Credentials,
    joined: Pick<ApiServerOptions, 'nodeSessions' | 'usage' | 'numbers' | 'components' | 'figures'>,
  ): ApiServer {
    const { insecurePort, auditLogPath } = this.#options;
    const { apiPort, mqttPort, advertiseAddresses, network, clock, logger } = this.#options;
    return new ApiServer({
      store,
      clock,
      logger,
      network,
      tls: { certPem: String(tls.cert), keyPem: String(tls.key), caPem: String(tls.ca) },
      host: '0.0.0.0',
      port: apiPort,
      ...joined,
      signNodeCertificate: (request, node) => signNodeRequest(this.authority, request, node),
      mqttPort,
      advertiseAddresses,
      addressesNow: this.#options.addressesNow,
      defaultTolerations: this.#options.nodeLifecycle?.defaultTolerations,
      ...credentials,
      insecurePort,
      auditLogPath,
    });
  }
}
