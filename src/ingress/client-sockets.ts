// The two sockets that clients reach: HTTP, and HTTPS with HTTP/2 or HTTP/1.1 as the client can (ALPN). All
// requests of both end in one handler. A client that is slow with its head, or says nothing, is let go.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTls, type SecureContext, type Server as TlsServer } from 'node:tls';
import type { KeyPair } from '../api/ingress/tls-secret.ts';
import { closeServer, type ListenAddress, listen, OpenSockets, portOf } from '../base/listener.ts';
import { MIN_TLS_VERSION } from './certificates.ts';
import { asResponse, type ClientRequestSide, hasBody } from './forwarding.ts';
import { closeOnceAnswered, closeWhenIdle } from './http2-clients.ts';
import { OpenClients } from './open-clients.ts';
import type { ClientSide } from './proxy-headers.ts';
import type { RequestHandler } from './request-handler.ts';

export interface ClientSocketsOptions {
  http: ListenAddress;
  https: ListenAddress;
  handler: RequestHandler;
  contextFor(serverName: string): SecureContext;
  /** How long a client may take for the head of its request; 20 s unless given. */
  headTimeoutMs?: number | undefined;
  /** On each of the two sockets. */
  maxConnections: number;
  /** For clients that name no host. */
  defaultCertificate: KeyPair;
}

/** As ingress-nginx's large_client_header_buffers: four of 8 kB. */
const MAX_HEADER_BYTES = 32 * 1024;
const HEAD_TIMEOUT_MS = 20_000;
/** As nginx: a browser that comes back within it saves the handshake. */
const KEEP_ALIVE_MS = 75_000;
const TLS_HANDSHAKE_MS = 10_000;
const MAX_STREAMS = 128;
/**
 * Streams that a client opens and resets cost him less than us: who does more ends his connection (CVE-2023-44487).
 * Twice what may be open, as nginx; and then what calls of gRPC that are given up may come to.
 */
const RESETS = { streamResetBurst: 2 * MAX_STREAMS, streamResetRate: 100 };

export class ClientSockets {
  readonly #options: ClientSocketsOptions;
  readonly #sockets = new OpenSockets();
  readonly #clients: { plain: OpenClients; tls: OpenClients };
  readonly #plain: Server;
  /** Never listens: it speaks HTTP/1.1 on connections that TLS has accepted. */
  readonly #overTls: Server;
  readonly #http2: Http2Server;
  readonly #tls: TlsServer;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(options: ClientSocketsOptions) {
    this.#options = options;
    const { maxConnections } = options;
    this.#clients = { plain: new OpenClients(maxConnections), tls: new OpenClients(maxConnections) };
    this.#plain = this.#makeHttp1(() => ({ isTls: false, port: portOf(this.#plain) }));
    const tls = () => ({ isTls: true, port: portOf(this.#tls) });
    this.#overTls = this.#makeHttp1(tls);
    this.#http2 = this.#makeHttp2(tls);
    this.#tls = this.#makeTls();
    for (const [server, clients] of [
      [this.#plain, this.#clients.plain],
      [this.#tls, this.#clients.tls],
    ] as const) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        clients.arrived(socket);
      });
    }
  }

  /** Rejects when a port is taken; nothing listens then. */
  async open(): Promise<void> {
    const { http, https } = this.#options;
    await listen(this.#plain, http, 'HTTP of Ingress');
    try {
      await listen(this.#tls, https, 'HTTPS of Ingress');
      // What looks after slow heads begins with this event, which a server that never listens has not.
      this.#overTls.emit('listening');
    } catch (error) {
      await closeServer(this.#plain);
      throw error;
    }
  }

  get ports(): { http: number; https: number } {
    return { http: portOf(this.#plain), https: portOf(this.#tls) };
  }

  async close(): Promise<void> {
    const servers: NetServer[] = [this.#plain, this.#tls];
    const closed = servers.filter((server) => server.listening).map(closeServer);
    for (const session of this.#sessions) session.destroy();
    this.#sockets.destroyAll();
    // Its timer that looks after slow heads ends with it.
    this.#overTls.close();
    await Promise.all(closed);
  }

  /** Returns what to call when the request has ended. */
  #asked({ socket }: ClientRequestSide): () => void {
    const { plain, tls } = this.#clients;
    // It may be gone with its session before its request is looked at.
    return socket ? ('encrypted' in socket ? tls : plain).asked(socket) : () => undefined;
  }

  #makeHttp1(where: () => Omit<ClientSide, 'remoteAddress'>): Server {
    const { handler, headTimeoutMs = HEAD_TIMEOUT_MS } = this.#options;
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headTimeoutMs,
      connectionsCheckingInterval: headTimeoutMs / 2,
      // A long upload is no attack; a stalled one ends with the backend's read timeout.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      insecureHTTPParser: false,
      shouldUpgradeCallback: isUpgrade,
    });
    const serve = (expectsContinue: boolean) => (req: IncomingMessage, res: ServerResponse) => {
      res.once('close', this.#asked(req));
      void handler.serve({ req, res, expectsContinue }, { ...where(), remoteAddress: addressOf(req) });
    };
    server.on('request', serve(false));
    server.on('checkContinue', serve(true));
    server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.once('close', this.#asked(req));
      void handler.upgrade(req, socket, head, { ...where(), remoteAddress: addressOf(req) });
    });
    return server;
  }

  #makeHttp2(where: () => Omit<ClientSide, 'remoteAddress'>): Http2Server {
    const { handler } = this.#options;
    const settings = { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES };
    const server = createHttp2({ settings, ...RESETS });
    server.on('session', (session) => {
      this.#sessions.add(session);
      closeWhenIdle(session, KEEP_ALIVE_MS);
      session.once('close', () => this.#sessions.delete(session));
      session.on('error', () => session.destroy());
    });
    const serve = (expectsContinue: boolean) => (req: Http2ServerRequest, res: Http2ServerResponse) => {
      res.once('close', this.#asked(req));
      closeOnceAnswered(req.stream);
      const client = { ...where(), remoteAddress: addressOf(req) };
      void handler.serve({ req, res: asResponse(res), expectsContinue }, client);
    };
    server.on('request', serve(false));
    server.on('checkContinue', serve(true));
    return server;
  }

  #makeTls(): TlsServer {
    const { contextFor, defaultCertificate } = this.#options;
    const server = createTls({
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: MIN_TLS_VERSION,
      handshakeTimeout: TLS_HANDSHAKE_MS,
      key: defaultCertificate.keyPem,
      cert: defaultCertificate.certificatePem,
      SNICallback: (name, done) => done(null, contextFor(name)),
    });
    server.on('secureConnection', (socket) => {
      if (socket.alpnProtocol === 'h2') this.#http2.emit('connection', socket);
      else this.#overTls.emit('connection', socket);
    });
    // A handshake that failed is the client's affair; its socket is closed by then.
    server.on('tlsClientError', () => undefined);
    return server;
  }
}

/** With a body it is a request like any other: what follows the head would be taken for the other protocol's bytes. */
const isUpgrade = (req: IncomingMessage): boolean =>
  req.headers.upgrade?.toLowerCase() === 'websocket' && !hasBody(req);

function addressOf({ socket }: ClientRequestSide): string {
  const address = socket?.remoteAddress ?? '';
  return address.replace(/^::ffff:/, '');
}
