// The connections of one listener, by the endpoint that each one is with, and what they have carried.
import type { Attempt } from './dialer.ts';
import { type Relay, resetHandle } from './relay.ts';
import type { Endpoint } from './service-view.ts';
import type { TcpHandle } from './tcp-handle.ts';

/** Since the listener was opened. */
export interface ConnectionCounts {
  accepted: number;
  /** No endpoint took them, or the board had no socket left. */
  refused: number;
  /** Now. */
  active: number;
  /** From clients to endpoints, and back; of connections that have ended. */
  bytesUp: number;
  bytesDown: number;
}

export class Connections {
  /** Clients that wait for an endpoint. */
  readonly #attempts = new Map<Attempt, TcpHandle>();
  readonly #relays = new Map<string, Set<Relay>>();
  readonly #counts = { accepted: 0, refused: 0, bytesUp: 0, bytesDown: 0 };
  #related = 0;

  get counts(): ConnectionCounts {
    return { ...this.#counts, active: this.#attempts.size + this.#related };
  }

  get isEmpty(): boolean {
    return this.#attempts.size + this.#related === 0;
  }

  countRefused(): void {
    this.#counts.refused++;
  }

  addAttempt(attempt: Attempt, client: TcpHandle): void {
    this.#attempts.set(attempt, client);
  }

  deleteAttempt(attempt: Attempt): void {
    this.#attempts.delete(attempt);
  }

  addRelay(endpoint: Endpoint, relay: Relay): void {
    const key = keyOf(endpoint);
    const relays = this.#relays.get(key);
    if (relays) relays.add(relay);
    else this.#relays.set(key, new Set([relay]));
    this.#related++;
    this.#counts.accepted++;
  }

  deleteRelay(endpoint: Endpoint, relay: Relay): void {
    const key = keyOf(endpoint);
    const relays = this.#relays.get(key);
    if (!relays?.delete(relay)) return;
    if (relays.size === 0) this.#relays.delete(key);
    this.#related--;
    this.#counts.bytesUp += relay.client.bytesRead;
    this.#counts.bytesDown += relay.upstream.bytesRead;
  }

  /** Ends those with these endpoints. */
  abortWith(endpoints: readonly Endpoint[]): void {
    for (const endpoint of endpoints) {
      for (const relay of [...(this.#relays.get(keyOf(endpoint)) ?? [])]) relay.abort();
    }
  }

  abortAll(): void {
    for (const [attempt, client] of this.#attempts) {
      attempt.cancel();
      resetHandle(client);
    }
    this.#attempts.clear();
    for (const relays of [...this.#relays.values()]) for (const relay of [...relays]) relay.abort();
  }
}

export const keyOf = ({ ip, port }: Endpoint) => `${ip} ${port}`;
