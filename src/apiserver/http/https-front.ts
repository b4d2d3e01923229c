// The listening socket: TLS, limits against slow and greedy clients, and the promise that every request gets an
// answer. Bodies are never logged.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { internalError, StatusError } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import { closeServer, listen, OpenSockets } from '../../base/listener.ts';
import type { Logger } from '../../base/logger.ts';
import type { AccessControl } from '../auth/access-control.ts';
import { attributesOf, type RequestLine } from '../auth/attributes.ts';
import { SESSION_PATH, type Sessions } from '../sessions.ts';
import type { StreamUpgrades } from '../streams/stream-upgrades.ts';
import type { UpgradeRequest } from '../streams/upgrade-request.ts';
import { type ApiRequest, namesHost, readUrl, requireHost, type User } from './api-request.ts';
import type { ApiRouter } from './api-router.ts';
import { RequestTurns } from './connection-turns.ts';
import { discard, endRaw, httpError } from './raw-answer.ts';
import { readAsStream } from './read-as-stream.ts';
import type { RequestAudit } from './request-audit.ts';
import type { RequestFigures } from './request-figures.ts';
import { sendError } from './respond.ts';

export interface HttpsFrontOptions {
  host: string;
  port: number;
  tls: { certPem: string; keyPem: string; caPem: string };
  router: ApiRouter;
  sessions: Sessions;
  streams: StreamUpgrades;
  access: AccessControl;
  /** `undefined` = requests are not recorded. */
  audit: RequestAudit | undefined;
  figures: RequestFigures;
  clock: Clock;
  logger: Logger;
  /** Patience with slow clients; the usual unless said. */
  patience?: Patience | undefined;
}

/** Time for the head of a request, and for head and body together; watches only send, so they are not meant. */
export interface Patience {
  headersMs: number;
  requestMs: number;
  /** How often Node looks whether those have passed. */
  checkMs: number;
}

/** Node's own 30 s between two looks would let a slow client hold on four times as long. */
const USUAL_PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000, checkMs: 5_000 };
/** Above the 30 s for which kubectl and client-go keep idle connections. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const SWITCHING_PROTOCOLS = 101;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** About 50 KB each: a thousand watchers and room for who comes beside; people and boards are far fewer. */
const MAX_CONNECTIONS = 1200;

export class HttpsFront implements Component {
  readonly #options: HttpsFrontOptions;
  readonly #sockets = new OpenSockets();
  readonly #turns = new RequestTurns();
  #server: Server | undefined;

  constructor(options: HttpsFrontOptions) {
    this.#options = options;
  }

  get port(): number {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address?.port ?? 0;
  }

  /** @throws Error naming the address when it cannot be listened on. */
  async start(): Promise<void> {
    const { tls, host, port, patience = USUAL_PATIENCE } = this.#options;
    const server = createServer({
      cert: tls.certPem,
      key: tls.keyPem,
      ca: tls.caPem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      headersTimeout: patience.headersMs,
      requestTimeout: patience.requestMs,
      connectionsCheckingInterval: patience.checkMs,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // Node would refuse it, and carry out what comes behind it on the connection.
      requireHostHeader: false,
    });
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    this.#listenTo(server);
    await listen(server, { host, port }, 'the API server');
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = closeServer(server);
    this.#sockets.destroyAll();
    await closed;
  }

  #listenTo(server: Server): void {
    // Also connections that never finish their handshake must end with the server.
    server.on('connection', (socket: Socket) => this.#sockets.add(socket));
    server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      readAsStream(socket);
    });
    server.on('tlsClientError', (error, socket) => {
      this.#options.logger.debug({ error: error.message }, 'a TLS handshake failed');
      socket.destroy();
    });
    server.on('clientError', (error, socket) => this.#clientError(error, socket));
    server.on('request', (incoming, response) => this.serve(incoming, response));
    server.on('upgrade', (incoming, socket, head) => this.serveUpgrade(incoming, socket, head));
  }

  /** Answers one request when its turn comes, whatever happens. `trusted` stands in for authentication. */
  serve(incoming: IncomingMessage, response: ServerResponse, trusted?: User): void {
    const turns = this.#turns.of(incoming.socket);
    turns.take(incoming, response, () => void this.#answer(incoming, response, trusted));
  }

  /** As serve(), for a request that wants to speak something else than HTTP. */
  serveUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, trusted?: User): void {
    const turns = this.#turns.of(socket);
    turns.takeLast(incoming, () => void this.#answerUpgrade(incoming, socket, head, trusted));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse, trusted?: User): Promise<void> {
    const startMs = this.#options.clock.monotonicMs();
    const { method = 'GET', url = '/' } = incoming;
    response.on('error', (error) =>
      this.#options.logger.debug({ error: error.message }, 'an answer broke off'),
    );
    let line: RequestLine | undefined;
    try {
      line = { ...readUrl(url), method };
      requireHost(incoming);
      await this.#options.router.handle(this.#admitted(line, incoming, response, trusted));
    } catch (error) {
      await this.#refuse(incoming, response, error);
    }
    const ms = Math.round(this.#options.clock.monotonicMs() - startMs);
    // A path that cannot be read was answered as such, and is a request of no kind.
    if (line) this.#options.figures.count(attributesOf(line), response.statusCode, ms / 1000);
    this.#options.logger.debug({ method, url, code: response.statusCode, ms }, 'request');
  }

  #admitted(
    line: RequestLine,
    incoming: IncomingMessage,
    response: ServerResponse,
    trusted: User | undefined,
  ): ApiRequest {
    const { access, audit } = this.#options;
    const record = audit?.follow(incoming, response, line);
    const asked = trusted ?? access.identify(incoming, line);
    record?.askedBy(asked);
    const user = access.actingUser(asked, incoming);
    record?.actingAs(user);
    access.authorize(user, line);
    return { ...line, user, incoming, response };
  }

  async #refuse(incoming: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    const status = this.#asStatus(error, incoming);
    if (!incoming.complete) await discard(incoming);
    if (!incoming.complete || !namesHost(incoming)) response.shouldKeepAlive = false;
    sendError(response, status);
  }

  #asStatus(error: unknown, { method, url }: IncomingMessage): StatusError {
    if (error instanceof StatusError) return error;
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    this.#options.logger.error({ method, url, error: message, stack }, 'a request failed');
    return internalError('an internal error occurred: see the log of the API server');
  }

  async #answerUpgrade(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    trusted: User | undefined,
  ): Promise<void> {
    socket.on('error', (error) =>
      this.#options.logger.debug({ error: error.message }, 'an upgrade broke off'),
    );
    let code = SWITCHING_PROTOCOLS;
    const { access, audit } = this.#options;
    try {
      requireHost(incoming);
      const line = { ...readUrl(incoming.url ?? '/'), method: incoming.method ?? 'GET' };
      const record = audit?.followUntil(socket, () => code, incoming, line);
      const asked = trusted ?? access.identify(incoming, line);
      record?.askedBy(asked);
      const user = access.actingUser(asked, incoming);
      record?.actingAs(user);
      await this.#upgrade({ ...line, user, incoming, socket, head });
    } catch (error) {
      const status = this.#asStatus(error, incoming);
      code = status.code;
      endRaw(socket, status);
    }
  }

  async #upgrade(request: UpgradeRequest): Promise<void> {
    const { path, user, incoming, socket, head } = request;
    const { access, sessions, streams } = this.#options;
    if (path.startsWith(SESSION_PATH)) return sessions.accept(path, user, incoming, socket, head);
    access.authorize(user, request);
    return streams.handle(request);
  }

  /** Node's own answer to what is no HTTP; with a Status in it. */
  #clientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    this.#turns.of(socket).breakOff(() => endRaw(socket, httpError(error)));
  }
}
