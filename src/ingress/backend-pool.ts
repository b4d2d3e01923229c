// HTTP/1 connections to backends, kept open between requests. An endpoint that refuses its connection has been sent
// nothing, so that the request may go on to the next.
import { Agent, type ClientRequest, request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Endpoint } from './backend-endpoints.ts';
import type { BackendTrustOptions } from './backend-trust.ts';
import type { BackendSessions } from './http2/backend-sessions.ts';

export interface BackendRequest {
  method: string;
  path: string;
  headers: OutgoingHttpHeaders;
  /** `undefined`: without TLS. */
  tls: BackendTrustOptions | undefined;
  connectTimeoutMs: number;
  /** Longest silence in both directions once connected. */
  readTimeoutMs: number;
}

export interface OpenRequest {
  request: ClientRequest;
  /** The connection served another request before: it may have been closed meanwhile. */
  isReused: boolean;
}

const IDLE_MS = 60_000;
/** As ingress-nginx keeps for each worker; the sum over all backends. */
const MAX_IDLE_PER_BACKEND = 32;
const OPTIONS = {
  keepAlive: true,
  maxFreeSockets: MAX_IDLE_PER_BACKEND,
  timeout: IDLE_MS,
  scheduling: 'lifo',
} as const;

export class BackendPool {
  readonly #lookup: LookupFunction;
  readonly #plain = new Agent(OPTIONS);
  readonly #tls = new TlsAgent(OPTIONS);
  #http2: BackendSessions | undefined;

  /** `lookup` finds the addresses of backends that are names. */
  constructor(lookup: LookupFunction) {
    this.#lookup = lookup;
  }

  /** Resolves with a request on an open connection whose body is still to be sent; rejects when there is none. */
  open(endpoint: Endpoint, wanted: BackendRequest): Promise<OpenRequest> {
    const { method, path, headers, tls } = wanted;
    // Answers whose lines end in LF alone (busybox httpd's CGI) are understood by all others too (RFC 9112, 2.2), and
    // what one endpoint says on its own connections is its own affair: clients get it written anew.
    const { ip: host, port } = endpoint;
    const options = { host, port, method, path, headers, lookup: this.#lookup, insecureHTTPParser: true };
    const request = tls
      ? httpsRequest({ ...options, ...tls, agent: this.#tls })
      : httpRequest({ ...options, agent: this.#plain });
    return new Promise((resolve, reject) => {
      request.once('error', reject);
      const ready = () => {
        request.off('error', reject);
        resolve({ request, isReused: request.reusedSocket });
      };
      request.once('socket', (socket) => {
        const fail = () => request.destroy(timedOut('no connection'));
        const silent = () => request.destroy(timedOut('no answer'));
        const connected = () => {
          socket.off('timeout', fail);
          socket.setTimeout(wanted.readTimeoutMs);
          socket.on('timeout', silent);
          ready();
        };
        request.once('close', () => socket.off('timeout', silent).off('timeout', fail));
        if (!socket.connecting) return connected();
        socket.setTimeout(wanted.connectTimeoutMs);
        socket.once('timeout', fail);
        socket.once(tls ? 'secureConnect' : 'connect', connected);
      });
    });
  }

  /** Those of HTTP/2: loaded with the first request that needs them. */
  async http2(): Promise<BackendSessions> {
    const { BackendSessions } = await import('./http2/backend-sessions.ts');
    this.#http2 ??= new BackendSessions(this.#lookup);
    return this.#http2;
  }

  destroy(): void {
    this.#plain.destroy();
    this.#tls.destroy();
    this.#http2?.destroy();
  }
}

export function timedOut(what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${what} in time`), { code: 'ETIMEDOUT' });
}

export function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ETIMEDOUT';
}
