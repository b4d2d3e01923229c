// Clients that come in turns of the loop one right after the other (libuv accepts one a turn), taken on together. What
// each sets off wakes the programs at both ends: for one client at a time that costs more than all else about it.
import type { Clock } from '../base/clock.ts';
import type { TcpHandle } from './tcp-handle.ts';

const MOST = 16;
/** Where turns are long, because others carry bulk, nobody waits for several of them. */
const PATIENCE_MS = 2;

export class Arrivals {
  readonly #take: (client: TcpHandle) => void;
  readonly #clock: Clock;
  readonly #atEnd: (act: () => void) => void;
  readonly #look = () => this.#lookAround();
  #waiting: TcpHandle[] = [];
  #sinceMs = 0;
  #seen = 0;

  /** `take` is called once for each client, in their order. `atEnd` calls back once when the present turn has ended. */
  constructor(
    take: (client: TcpHandle) => void,
    clock: Clock,
    atEnd: (act: () => void) => void = setImmediate,
  ) {
    this.#take = take;
    this.#clock = clock;
    this.#atEnd = atEnd;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(client: TcpHandle): void {
    if (this.#waiting.push(client) > 1) return;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#atEnd(this.#look);
  }

  /** Those that have not been taken, and will not be. */
  giveUp(): TcpHandle[] {
    return this.#waiting.splice(0);
  }

  /** At the end of each turn in which somebody waits. */
  #lookAround(): void {
    const count = this.#waiting.length;
    const isGrowing = count > this.#seen && count < MOST;
    this.#seen = count;
    if (isGrowing && this.#clock.monotonicMs() - this.#sinceMs < PATIENCE_MS) this.#atEnd(this.#look);
    else this.#takeAll();
  }

  #takeAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#seen = 0;
    for (const client of waiting) this.#take(client);
  }
}
