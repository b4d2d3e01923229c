// Acts once on everything that has lived for a while, with one timer for all of it and none while there is nothing.
import type { Clock, Timer } from '../base/clock.ts';
import { Crowd, type Place } from '../base/crowd.ts';

export class Ageing<T> {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #act: (item: T) => void;
  #old = new Crowd<T>();
  #young = new Crowd<T>();
  #timer: Timer | undefined;

  /** `act` is called for an item that was added between one and two `turnMs` ago and has not left its place since. */
  constructor(clock: Clock, turnMs: number, act: (item: T) => void) {
    this.#clock = clock;
    this.#turnMs = turnMs;
    this.#act = act;
  }

  add(item: T): Place<T> {
    this.#timer ??= this.#clock.every(this.#turnMs, () => this.#turn());
    return this.#young.add(item);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#old.takeAll();
    this.#young.takeAll();
  }

  #turn(): void {
    const due = this.#old.takeAll();
    [this.#old, this.#young] = [this.#young, this.#old];
    for (const item of due) this.#act(item);
    if (this.#old.size + this.#young.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
