// Pods that want a board: the most important first, then who came first. A pod that fits nowhere waits for a change of
// the world that may help it, and comes back at most as often as its back-off allows (1 s, doubling to 10 s); with
// nothing changing no timer runs.
// Source: pkg/scheduler/backend/queue
import { exponentialBackoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { FilterName } from './filters/filter.ts';
import { mayHelp, type WorldChange } from './wake-ups.ts';

const BACKOFF = { initialMs: 1000, maxMs: 10_000 };

interface Entry {
  priority: number;
  attempts: number;
  /** Not before this, in monotonic time. */
  notBeforeMs: number;
  state: 'ready' | 'taken' | 'parked' | 'backing off';
  /** Whose no keeps it parked. */
  filters: ReadonlySet<FilterName>;
  timer?: Timer;
}

const NOBODY: ReadonlySet<FilterName> = new Set();

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** Ready keys in order, per priority; a key whose entry says otherwise is passed over. */
  readonly #ready = new Map<number, string[]>();
  #taker: ((key: string | undefined) => void) | undefined;
  #isShutDown = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** New, or changed in what it asks for: its turn comes without back-off. */
  add(key: string, priority: number): void {
    if (this.#isShutDown) return;
    const known = this.#entries.get(key);
    known?.timer?.cancel();
    if (known?.state === 'ready' && known.priority === priority) return;
    this.#offer(key, {
      attempts: known?.attempts ?? 0,
      notBeforeMs: 0,
      priority,
      state: 'ready',
      filters: NOBODY,
    });
  }

  /** The next key; `undefined` once the queue is shut down. For one taker at a time. */
  take(): Promise<string | undefined> {
    const key = this.#next();
    if (key !== undefined || this.#isShutDown) return Promise.resolve(key);
    return new Promise((resolve) => {
      this.#taker = resolve;
    });
  }

  /** One more attempt failed: wait for a change that may help. */
  park(key: string, filters: ReadonlySet<FilterName>): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.attempts += 1;
    entry.notBeforeMs = this.#clock.monotonicMs() + exponentialBackoffMs(BACKOFF, entry.attempts);
    entry.state = 'parked';
    entry.filters = filters;
  }

  /** One more attempt failed for reasons that may go away by themselves. */
  retry(key: string): void {
    this.park(key, NOBODY);
    const entry = this.#entries.get(key);
    if (entry) this.#release(key, entry);
  }

  /** Something changed. */
  wake(change: WorldChange): void {
    for (const [key, entry] of this.#entries) {
      if (entry.state === 'parked' && mayHelp(change, entry.filters)) this.#release(key, entry);
    }
  }

  /** Placed, gone or no longer ours. */
  forget(key: string): void {
    this.#entries.get(key)?.timer?.cancel();
    this.#entries.delete(key);
  }

  shutDown(): void {
    this.#isShutDown = true;
    for (const key of [...this.#entries.keys()]) this.forget(key);
    this.#ready.clear();
    this.#taker?.(undefined);
    this.#taker = undefined;
  }

  #release(key: string, entry: Entry): void {
    const waitMs = entry.notBeforeMs - this.#clock.monotonicMs();
    if (waitMs <= 0) {
      this.#offer(key, { ...entry, state: 'ready' });
      return;
    }
    entry.state = 'backing off';
    entry.timer = this.#clock.after(waitMs, () => this.#offer(key, { ...entry, state: 'ready' }));
  }

  #offer(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    const line = this.#ready.get(entry.priority);
    if (line) line.push(key);
    else this.#ready.set(entry.priority, [key]);
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.(this.#next());
  }

  #next(): string | undefined {
    for (const priority of [...this.#ready.keys()].sort((a, b) => b - a)) {
      const line = this.#ready.get(priority) ?? [];
      for (let key = line.shift(); key !== undefined; key = line.shift()) {
        const entry = this.#entries.get(key);
        if (entry?.state !== 'ready' || entry.priority !== priority) continue;
        entry.state = 'taken';
        return key;
      }
      this.#ready.delete(priority);
    }
    return undefined;
  }
}
