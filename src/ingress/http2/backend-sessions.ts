// The HTTP/2 connections to endpoints: one for each, which all requests share, and one more where an endpoint allows
// no more on the first.
import type { OutgoingHttpHeaders } from 'node:http';
import type { ClientHttp2Stream } from 'node:http2';
import type { LookupFunction } from 'node:net';
import type { Endpoint } from '../backend-endpoints.ts';
import type { BackendTrustOptions } from '../backend-trust.ts';
import { type BackendSession, openSession } from './backend-session.ts';

export interface SessionRequest {
  /** `undefined`: without TLS. */
  tls: BackendTrustOptions | undefined;
  connectTimeoutMs: number;
  /** With the pseudo fields. */
  headers: OutgoingHttpHeaders;
  hasBody: boolean;
  /** Asked when there is a connection: its client may have left meanwhile. */
  isWanted(): boolean;
}

export interface OpenStream {
  session: BackendSession;
  stream: ClientHttp2Stream;
}

/** Others may have taken all the room of a connection that one has waited for. */
const MAX_TRIES = 16;

export class BackendSessions {
  readonly #lookup: LookupFunction;
  readonly #kept = new Map<string, Set<BackendSession>>();
  readonly #opening = new Map<string, Promise<void>>();
  #isDestroyed = false;

  /** `lookup` finds the addresses of endpoints that are names. */
  constructor(lookup: LookupFunction) {
    this.#lookup = lookup;
  }

  /** Resolves with a stream whose head is on its way; rejects when the endpoint does not speak HTTP/2 with us. */
  async request(endpoint: Endpoint, wanted: SessionRequest): Promise<OpenStream> {
    const id = `${endpoint.ip} ${endpoint.port} ${JSON.stringify(wanted.tls ?? null)}`;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (!wanted.isWanted()) throw new Error('nobody waits for it any more');
      const session = [...(this.#kept.get(id) ?? [])].find(({ hasRoom }) => hasRoom);
      if (session) return { session, stream: session.request(wanted.headers, wanted.hasBody) };
      await (this.#opening.get(id) ?? this.#open(id, endpoint, wanted));
    }
    throw new Error('the endpoint takes no requests on its connections');
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const session of [...this.#kept.values()].flatMap((sessions) => [...sessions])) session.destroy();
  }

  #open(id: string, endpoint: Endpoint, { tls, connectTimeoutMs }: SessionRequest): Promise<void> {
    const opening = openSession(endpoint, { tls, connectTimeoutMs, lookup: this.#lookup })
      .then((session) => this.#keep(id, session))
      .finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return opening;
  }

  #keep(id: string, session: BackendSession): void {
    if (this.#isDestroyed) session.destroy();
    const sessions = this.#kept.get(id) ?? new Set();
    this.#kept.set(id, sessions.add(session));
    session.onceClosed(() => {
      sessions.delete(session);
      if (sessions.size === 0 && this.#kept.get(id) === sessions) this.#kept.delete(id);
    });
  }
}
