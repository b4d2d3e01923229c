// Rights of what lasts: a watch or a stream was allowed when it began, and ends soon after its right was taken.
// Asked again only when a role or binding changes: an idle cluster pays nothing for it.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { User } from '../http/api-request.ts';
import { type Attributes, attributesOf } from './attributes.ts';
import type { Authorizer } from './authorizer.ts';
import type { PolicyIndex } from './policy-index.ts';

/** Many bindings change at once when a chart is installed: they are met together. */
const SETTLE_MS = 1_000;

type Asked = Parameters<typeof attributesOf>[0] & { user: User | undefined };

interface Held {
  user: User;
  attributes: Attributes;
  end(): void;
}

export class LastingRights implements Component {
  readonly #authorizer: Authorizer;
  readonly #policy: PolicyIndex;
  readonly #clock: Clock;
  readonly #held = new Set<Held>();
  #timer: Timer | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(authorizer: Authorizer, policy: PolicyIndex, clock: Clock) {
    this.#authorizer = authorizer;
    this.#policy = policy;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#policy.onChange(() => this.#changed());
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#held.clear();
  }

  /** Calls `end` once `user` may no longer do this. Gives what to call when it is over anyway. */
  hold(user: User, attributes: Attributes, end: () => void): () => void {
    const held = { user, attributes, end };
    this.#held.add(held);
    return () => this.#held.delete(held);
  }

  /** Runs what is allowed by `request`, and cuts its client off once it no longer is. */
  async during<T>(request: Asked, client: { destroy(): unknown }, run: () => Promise<T>): Promise<T> {
    const { user } = request;
    const release = user && this.hold(user, attributesOf(request), () => client.destroy());
    try {
      return await run();
    } finally {
      release?.();
    }
  }

  #changed(): void {
    if (this.#held.size > 0) this.#timer ??= this.#clock.after(SETTLE_MS, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    for (const held of this.#held) {
      if (this.#authorizer.decide(held.user, held.attributes).allowed) continue;
      this.#held.delete(held);
      held.end();
    }
  }
}
