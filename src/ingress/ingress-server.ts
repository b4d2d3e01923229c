// HTTP routing on a board: serves the Ingresses that it is told of on ports 80 and 443. Ports that another
// program holds are told and tried again; everything else on the board goes on.
import type { BoardService } from '../api/board-service.ts';
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import type { KeyPair } from '../api/ingress/tls-secret.ts';
import type { Secret } from '../api/objects.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { ListenAddress } from '../base/listener.ts';
import type { Logger } from '../base/logger.ts';
import { openFileLimit } from '../base/open-files.ts';
import { BackendPool } from './backend-pool.ts';
import { Balancer } from './balancer.ts';
import { Certificates } from './certificates.ts';
import { ClientSockets } from './client-sockets.ts';
import { lookupAt, type NameServer } from './name-lookup.ts';
import { RequestHandler } from './request-handler.ts';
import { buildRouteTable, type RouteTable } from './route-table.ts';

export interface IngressServerOptions {
  http: ListenAddress;
  https: ListenAddress;
  /** Shown for hosts without a certificate of their own. */
  defaultCertificate: KeyPair;
  /** Read at each request and each handshake. */
  service(key: string): BoardService | undefined;
  secret(key: string): Secret | undefined;
  /** The cluster's DNS, for backends that are names; without it none of those is found. */
  nameServer?(): NameServer | undefined;
  /** Whether clients are answered, whenever that changes. */
  onListening?(isListening: boolean): void;
  /** One line for each request; off unless given. */
  accessLog?: ((line: string) => void) | undefined;
  /** How long a client may take for the head of its request; 20 s unless given. */
  headTimeoutMs?: number | undefined;
  /** On each of the two ports; 2,048 unless given, fewer where the process may have few files open. */
  maxConnections?: number | undefined;
  clock: Clock;
  logger: Logger;
}

const RETRY_TAKEN_PORT_MS = 10_000;
/** On each of the two ports: a board has some 64 kB for each. */
const MAX_CONNECTIONS = 2048;
/** With their connections to pods, the clients of both ports then leave half of them to the rest of the agent. */
const mostConnections = () => Math.min(MAX_CONNECTIONS, Math.ceil(openFileLimit() / 8));

export class IngressServer implements Component {
  readonly #options: IngressServerOptions;
  readonly #balancer = new Balancer();
  readonly #certificates: Certificates;
  #table: RouteTable = buildRouteTable([]);
  #pool: BackendPool | undefined;
  #sockets: ClientSockets | undefined;
  #retry: Timer | undefined;
  #problem: string | undefined;
  #isWanted = false;

  constructor(options: IngressServerOptions) {
    this.#options = options;
    this.#certificates = new Certificates(options.defaultCertificate, options.logger);
  }

  /** Resolves also while the ports are taken: then it tries again until they are free. */
  async start(): Promise<void> {
    this.#isWanted = true;
    await this.#open();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#retry?.cancel();
    await this.#sockets?.close();
    this.#pool?.destroy();
    this.#sockets = undefined;
    this.#pool = undefined;
  }

  /** Where it listens; `undefined` while it does not. */
  get ports(): { http: number; https: number } | undefined {
    return this.#sockets?.ports;
  }

  /** The complete set; requests under way go on as they began. */
  update(ingresses: Iterable<BoardIngress>): void {
    this.#table = buildRouteTable(ingresses);
    const hosts = [...this.#table.hosts.values()];
    const locations = hosts.flatMap(({ locations, fallback }) => [
      ...locations,
      ...(fallback ? [fallback] : []),
    ]);
    this.#balancer.keep(
      new Set(locations.flatMap(({ backend }) => (backend ? `${backend.serviceKey}:${backend.port}` : []))),
    );
  }

  async #open(): Promise<void> {
    const { http, https, secret, defaultCertificate, headTimeoutMs } = this.#options;
    const { maxConnections = mostConnections() } = this.#options;
    const { clock, logger, onListening } = this.#options;
    const pool = new BackendPool(lookupAt(() => this.#options.nameServer?.()));
    const contextFor = (name: string) => this.#certificates.contextFor(this.#table, secret, name);
    const handler = this.#makeHandler(pool);
    const sockets = new ClientSockets({
      http,
      https,
      handler,
      contextFor,
      defaultCertificate,
      headTimeoutMs,
      maxConnections,
    });
    try {
      await sockets.open();
    } catch (error) {
      pool.destroy();
      const { message } = error as Error;
      if (message !== this.#problem) logger.warn({ reason: 'IngressPortTaken' }, message);
      this.#problem = message;
      if (this.#isWanted) this.#retry = clock.after(RETRY_TAKEN_PORT_MS, () => void this.#open());
      return;
    }
    if (!this.#isWanted) {
      pool.destroy();
      return sockets.close();
    }
    this.#problem = undefined;
    this.#pool = pool;
    this.#sockets = sockets;
    onListening?.(true);
  }

  #makeHandler(pool: BackendPool): RequestHandler {
    const { service, secret, clock, accessLog } = this.#options;
    return new RequestHandler({
      table: () => this.#table,
      service,
      secret,
      pool,
      balancer: this.#balancer,
      now: () => clock.now(),
      accessLog,
    });
  }
}
