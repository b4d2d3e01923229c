// Clients of one listener whom every endpoint has refused. While a pod is replaced that lasts until the board hears of the
// next one, some tenths of a second after the old one has closed its port: so they wait a moment for others to come.
import { Crowd, type Place } from '../base/crowd.ts';
import type { Ageing } from './ageing.ts';
import type { Target } from './backend.ts';

interface Held<C> {
  client: C;
  /** Who has refused it. */
  refused: ReadonlySet<Target>;
}

class HeldClient<C> implements Held<C> {
  readonly client: C;
  readonly refused: ReadonlySet<Target>;
  readonly #onGivenUp: (client: C) => void;
  #places: readonly Pick<Place<unknown>, 'leave'>[] = [];

  constructor({ client, refused }: Held<C>, onGivenUp: (client: C) => void) {
    this.client = client;
    this.refused = refused;
    this.#onGivenUp = onGivenUp;
  }

  waitAt(...places: readonly Pick<Place<unknown>, 'leave'>[]): void {
    this.#places = places;
  }

  leave(): void {
    for (const place of this.#places) place.leave();
  }

  giveUp(): void {
    this.leave();
    this.#onGivenUp(this.client);
  }
}

export class HeldClients<C> {
  readonly #waiting: Ageing<{ giveUp(): void }>;
  readonly #held = new Crowd<HeldClient<C>>();

  /** `waiting` says when one has waited for long enough; those of many listeners may share it. */
  constructor(waiting: Ageing<{ giveUp(): void }>) {
    this.#waiting = waiting;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Calls `onGivenUp` unless somebody takes it before. */
  hold(client: C, refused: ReadonlySet<Target>, onGivenUp: (client: C) => void): void {
    const held = new HeldClient({ client, refused }, onGivenUp);
    held.waitAt(this.#held.add(held), this.#waiting.add(held));
  }

  /** Takes those out whom somebody else may serve now. */
  take(isServed: (held: Held<C>) => boolean): Held<C>[] {
    const taken = this.#held.items().filter(isServed);
    for (const held of taken) held.leave();
    return taken;
  }
}
