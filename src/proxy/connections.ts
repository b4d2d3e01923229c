// The connections of one listener: clients that wait for an endpoint, and those that are joined to one.
import { Crowd } from '../base/crowd.ts';
import type { Attempt } from './dialer.ts';
import { type Relay, resetHandle } from './relay.ts';
import type { TcpHandle } from './tcp-handle.ts';

/** A client, and what is being done to find it an endpoint. */
export interface Waiting {
  attempt: Attempt;
  client: TcpHandle;
}

/** A client's connection with an endpoint, `ip:port`. */
export interface Joined {
  relay: Relay;
  endpoint: string;
}

export class Connections {
  readonly waiting = new Crowd<Waiting>();
  readonly joined = new Crowd<Joined>();

  get isEmpty(): boolean {
    return this.waiting.size + this.joined.size === 0;
  }

  /** Ends those with the endpoint. */
  abortWith(endpoint: string): void {
    for (const joined of this.joined.items()) if (joined.endpoint === endpoint) joined.relay.abort();
  }

  /** Returns how many clients were still waiting: nobody else hears of their end. */
  abortAll(): number {
    const waiting = this.waiting.takeAll();
    for (const { attempt, client } of waiting) {
      attempt.cancel();
      resetHandle(client);
    }
    for (const { relay } of this.joined.items()) relay.abort();
    return waiting.length;
  }
}
