// A clock that stands still until a test moves it; timers run in the order of their time.
import type { Clock, Timer } from '../../src/base/clock.ts';

interface Pending {
  at: number;
  order: number;
  action: () => void;
  intervalMs: number | undefined;
}

export class FakeClock implements Clock {
  #nowMs: number;
  /** How far the wall clock is off. */
  #offMs = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(startMs = Date.parse('2026-01-01T00:00:00Z')) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs + this.#offMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#add({ at: this.#nowMs + delayMs, order: this.#order++, action, intervalMs: undefined });
  }

  every(intervalMs: number, action: () => void): Timer {
    return this.#add({ at: this.#nowMs + intervalMs, order: this.#order++, action, intervalMs });
  }

  /** Moves time forward, running what falls due; lets promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#nowMs = next.at;
      if (next.intervalMs === undefined) this.#pending.delete(next);
      else next.at += next.intervalMs;
      next.action();
      await settle();
    }
    this.#nowMs = end;
    await settle();
  }

  /** Time passes while nothing runs, as on a board that was suspended; then what fell due runs, late. */
  async sleep(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const pending of [...this.#pending].filter(({ at }) => at <= this.#nowMs)) {
      pending.at = this.#nowMs;
    }
    await this.advance(0);
  }

  /** As somebody who sets the clock; what waits, waits on. */
  jump(byMs: number): void {
    this.#offMs += byMs;
  }

  #add(pending: Pending): Timer {
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  #nextUntil(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const p of this.#pending) {
      if (p.at > end) continue;
      if (!first || p.at < first.at || (p.at === first.at && p.order < first.order)) first = p;
    }
    return first;
  }
}

/** Lets every promise that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
