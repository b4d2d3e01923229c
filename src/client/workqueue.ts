// Keys waiting to be looked at: client-go's two sets (dirty, processing) make the whole guarantee that a key
// added while it is worked on is worked on once more, and never by two workers at a time.
// https://pkg.go.dev/k8s.io/client-go/util/workqueue
import { type BackoffLimits, exponentialBackoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { QueueFigure } from './queue-figures.ts';

/** Upstream's 5 ms to 1000 s, cut at a minute: a board that returns should not wait longer. */
export const defaultRetryBackoff: BackoffLimits = { initialMs: 5, maxMs: 60_000 };

/** Longer waits overflow setTimeout; looking again a day later costs nothing. */
const LONGEST_DELAY_MS = 86_400_000;

export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: BackoffLimits;
  /** Ready to be taken, in order; always a subset of dirty and never in processing. */
  readonly #ready: string[] = [];
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #delayed = new Map<string, { dueMs: number; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #isShutDown = false;
  #adds = 0;
  #retries = 0;

  constructor(clock: Clock, backoff: BackoffLimits = defaultRetryBackoff) {
    this.#clock = clock;
    this.#backoff = backoff;
  }

  /** Keys that are ready or being worked on; what waits for its time is not counted. */
  get length(): number {
    return this.#ready.length + this.#processing.size;
  }

  get figure(): QueueFigure {
    return { depth: this.#ready.length, adds: this.#adds, retries: this.#retries };
  }

  /** Makes the key ready now; many adds before it is taken are one. */
  add(key: string): void {
    if (this.#isShutDown || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#adds += 1;
    if (!this.#processing.has(key)) this.#offer(key);
  }

  /** Makes the key ready after `delayMs`; of several waits the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#isShutDown) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const delay = Math.min(delayMs, LONGEST_DELAY_MS);
    const dueMs = this.#clock.monotonicMs() + delay;
    const waiting = this.#delayed.get(key);
    if (waiting && waiting.dueMs <= dueMs) return;
    waiting?.timer.cancel();
    const timer = this.#clock.after(delay, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, timer });
  }

  /** Makes the key ready after its back-off, which doubles with every call until {@link forget}. */
  addRateLimited(key: string): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#retries += 1;
    this.addAfter(key, exponentialBackoffMs(this.#backoff, failures));
  }

  /** How often the key was rate limited since the last {@link forget}. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key did well: its next failure waits the shortest time again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, which is this caller's until {@link done}; `undefined` once the queue is shut down. */
  take(): Promise<string | undefined> {
    const key = this.#ready.shift();
    if (key !== undefined) return Promise.resolve(this.#begin(key));
    if (this.#isShutDown) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Gives the key back; when it was added meanwhile it is ready again. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#offer(key);
  }

  /** Drops what waits and lets every taker go. */
  shutDown(): void {
    this.#isShutDown = true;
    this.#ready.length = 0;
    this.#dirty.clear();
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #offer(key: string): void {
    const taker = this.#takers.shift();
    if (taker) taker(this.#begin(key));
    else this.#ready.push(key);
  }

  #begin(key: string): string {
    this.#dirty.delete(key);
    this.#processing.add(key);
    return key;
  }
}
