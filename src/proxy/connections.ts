// The connections of one listener: clients that wait for an endpoint, and those that are joined, by endpoint.

import type { Target } from './backend.ts';
import type { Attempt } from './dialer.ts';
import { type Relay, resetHandle } from './relay.ts';
import type { TcpHandle } from './tcp-handle.ts';

export class Connections {
  readonly #attempts = new Map<Attempt, TcpHandle>();
  readonly #relays = new Map<string, Set<Relay>>();

  get isEmpty(): boolean {
    return this.#attempts.size + this.#relays.size === 0;
  }

  addAttempt(attempt: Attempt, client: TcpHandle): void {
    this.#attempts.set(attempt, client);
  }

  deleteAttempt(attempt: Attempt): void {
    this.#attempts.delete(attempt);
  }

  addRelay(target: Target, relay: Relay): void {
    const id = target.id;
    const relays = this.#relays.get(id);
    if (relays) relays.add(relay);
    else this.#relays.set(id, new Set([relay]));
  }

  deleteRelay(target: Target, relay: Relay): void {
    const id = target.id;
    const relays = this.#relays.get(id);
    if (relays?.delete(relay) && relays.size === 0) this.#relays.delete(id);
  }

  /** Ends those with the endpoint `ip:port`. */
  abortWith(endpoint: string): void {
    for (const relay of [...(this.#relays.get(endpoint) ?? [])]) relay.abort();
  }

  /** Returns how many clients were still waiting: nobody else hears of their end. */
  abortAll(): number {
    const waiting = this.#attempts.size;
    for (const [attempt, client] of this.#attempts) {
      attempt.cancel();
      resetHandle(client);
    }
    this.#attempts.clear();
    for (const relays of [...this.#relays.values()]) for (const relay of [...relays]) relay.abort();
    return waiting;
  }
}
