// One HTTP/2 connection to an endpoint. Has no more requests at a time than its endpoint allows, and can say of one
// that failed whether the endpoint has looked at it.

import type { OutgoingHttpHeaders } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { isIP, type LookupFunction, connect as netConnect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { Endpoint } from '../backend-endpoints.ts';
import { timedOut } from '../backend-pool.ts';
import type { BackendTrustOptions } from '../backend-trust.ts';

export interface SessionOptions {
  tls: BackendTrustOptions | undefined;
  connectTimeoutMs: number;
  lookup: LookupFunction;
}

/** As connections of HTTP/1. */
const IDLE_MS = 60_000;
/** A board that lost its power is noticed by streams that only listen, too. */
const PROBE_MS = 30_000;

/** Resolves once the endpoint has shown that it speaks HTTP/2, by its settings: until then it has been sent nothing. */
export function openSession(endpoint: Endpoint, options: SessionOptions): Promise<BackendSession> {
  const createConnection = () => dial(endpoint, options);
  const session = connect('http://endpoint', { createConnection, settings: { enablePush: false } });
  return new Promise((resolve, reject) => {
    const late = () => session.destroy(timedOut('no connection'));
    session.setTimeout(options.connectTimeoutMs, late);
    session.on('error', reject);
    session.once('close', () => reject(new Error('the endpoint closed its connection')));
    session.once('remoteSettings', () => {
      session.setTimeout(0, late);
      resolve(new BackendSession(session));
    });
  });
}

function dial({ ip: host, port }: Endpoint, { tls, lookup }: SessionOptions): Socket {
  const options = { host, port, lookup, keepAlive: true, keepAliveInitialDelay: PROBE_MS };
  if (!tls) return netConnect(options);
  const named = isIP(host) === 0 ? { servername: host } : {};
  return tlsConnect({ ...options, ...named, ...tls, ALPNProtocols: ['h2'] });
}

export class BackendSession {
  readonly #session: ClientHttp2Session;
  #open = 0;
  /** Those above it its endpoint has not looked at. */
  #lastStreamId = Number.POSITIVE_INFINITY;

  constructor(session: ClientHttp2Session) {
    this.#session = session;
    session.on('goaway', (_, lastStreamId: number) => {
      this.#lastStreamId = lastStreamId;
    });
    session.setTimeout(IDLE_MS);
    session.on('timeout', () => {
      if (this.#open === 0) session.close();
    });
  }

  /** An endpoint that allows none at all is asked all the same: the request then waits its time. */
  get hasRoom(): boolean {
    const { maxConcurrentStreams = Number.POSITIVE_INFINITY } = this.#session.remoteSettings;
    const isOpen = !this.#session.closed && !this.#session.destroyed;
    return isOpen && this.#open < Math.max(maxConcurrentStreams, 1);
  }

  get isLost(): boolean {
    return this.#session.destroyed;
  }

  /** Ends with its `close` event, whatever happens. */
  request(headers: OutgoingHttpHeaders, hasBody: boolean): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream: !hasBody, waitForTrailers: hasBody });
    this.#open += 1;
    stream.on('error', () => undefined);
    stream.once('close', () => {
      this.#open -= 1;
    });
    return stream;
  }

  /** Of a stream that is closed (RFC 9113, 6.8 and 8.7). */
  hasRefused({ id, rstCode }: ClientHttp2Stream): boolean {
    return id === undefined || id > this.#lastStreamId || rstCode === constants.NGHTTP2_REFUSED_STREAM;
  }

  /** Takes no more requests, and ends with those that it has. */
  retire(): void {
    this.#session.close();
  }

  onceClosed(action: () => void): void {
    if (this.#session.destroyed) action();
    else this.#session.once('close', action);
  }

  destroy(): void {
    this.#session.destroy();
  }
}
