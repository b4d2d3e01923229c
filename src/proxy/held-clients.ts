// Clients of one listener whom every endpoint has refused. While a pod is replaced that lasts until the board hears of the
// next one, some tenths of a second after the old one has closed its port: so they wait a moment for others to come.
import type { Ageing } from './ageing.ts';
import type { Target } from './backend.ts';

/** Who waits, and who has refused it. */
export class HeldClient<C> {
  readonly client: C;
  readonly refused: ReadonlySet<Target>;
  readonly #onGivenUp: () => void;

  constructor(client: C, refused: ReadonlySet<Target>, onGivenUp: () => void) {
    this.client = client;
    this.refused = refused;
    this.#onGivenUp = onGivenUp;
  }

  giveUp(): void {
    this.#onGivenUp();
  }
}

type Waiting = Ageing<Pick<HeldClient<unknown>, 'giveUp'>>;

export class HeldClients<C> {
  readonly #waiting: Waiting;
  readonly #held = new Set<HeldClient<C>>();

  /** `waiting` says when one has waited for long enough; those of many listeners may share it. */
  constructor(waiting: Waiting) {
    this.#waiting = waiting;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Calls `onGivenUp` unless somebody takes it before. */
  hold(client: C, refused: ReadonlySet<Target>, onGivenUp: (client: C) => void): void {
    const held = new HeldClient(client, refused, () => {
      this.#held.delete(held);
      onGivenUp(client);
    });
    this.#held.add(held);
    this.#waiting.add(held);
  }

  /** Takes those out whom somebody else may serve now. */
  take(isServed: (held: HeldClient<C>) => boolean): HeldClient<C>[] {
    const taken = [...this.#held].filter(isServed);
    for (const held of taken) {
      this.#held.delete(held);
      this.#waiting.delete(held);
    }
    return taken;
  }
}
