// Acts once on everything that has lived for a while, with one timer for all of it and none while there is nothing.
import type { Clock, Timer } from '../base/clock.ts';

export class Ageing<T> {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #act: (item: T) => void;
  #old = new Set<T>();
  #young = new Set<T>();
  #timer: Timer | undefined;

  /** `act` is called for an item that was added between one and two `turnMs` ago and not deleted since. */
  constructor(clock: Clock, turnMs: number, act: (item: T) => void) {
    this.#clock = clock;
    this.#turnMs = turnMs;
    this.#act = act;
  }

  add(item: T): void {
    this.#young.add(item);
    this.#timer ??= this.#clock.every(this.#turnMs, () => this.#turn());
  }

  delete(item: T): void {
    if (!this.#young.delete(item)) this.#old.delete(item);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#old.clear();
    this.#young.clear();
  }

  #turn(): void {
    const due = this.#old;
    this.#old = this.#young;
    this.#young = new Set();
    for (const item of due) this.#act(item);
    if (this.#old.size + this.#young.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
