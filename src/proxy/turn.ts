// How much one turn of the event loop relays. Whoever shares the thread, such as the heartbeat's timer, waits for the
// end of the turn, however many connections carry bulk and however busy the board is with other things.

/** Some milliseconds on a small board; a connection alone hardly notices the pause after it. */
const BYTES_PER_TURN = 4 << 20;

export interface Resting {
  /** Called early in the next turn. */
  goOn(): void;
}

export class Turn {
  readonly #atEnd: (act: () => void) => void;
  #leftBytes = BYTES_PER_TURN;
  #resting: Resting[] = [];
  #isWatched = false;

  /** `atEnd` calls back once when the present turn has ended. */
  constructor(atEnd: (act: () => void) => void = setImmediate) {
    this.#atEnd = atEnd;
  }

  /**
   * Bytes that somebody relayed who could go on at once. False: the turn has had enough, {@link rest} until the next.
   */
  spend(bytes: number): boolean {
    this.#leftBytes -= bytes;
    if (!this.#isWatched) {
      this.#isWatched = true;
      this.#atEnd(() => this.#next());
    }
    return this.#leftBytes > 0;
  }

  /** After spend() only. */
  rest(who: Resting): void {
    this.#resting.push(who);
  }

  #next(): void {
    const rested = this.#resting;
    this.#resting = [];
    this.#leftBytes = BYTES_PER_TURN;
    this.#isWatched = false;
    for (const who of rested) who.goOn();
  }
}
