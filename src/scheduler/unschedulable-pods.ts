// Pods that fit nowhere, waiting for the world to change. Each comes back at most as often as its back-off
// allows (1 s, doubling to 10 s), and with nothing changing no timer runs.
import { exponentialBackoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';

const BACKOFF = { initialMs: 1000, maxMs: 10_000 };

interface Waiting {
  attempts: number;
  /** Not before this, in monotonic time. */
  notBeforeMs: number;
  /** Handed back to the queue; counts its attempts on. */
  released: boolean;
}

export class UnschedulablePods {
  readonly #clock: Clock;
  readonly #enqueueAfter: (key: string, delayMs: number) => void;
  readonly #pods = new Map<string, Waiting>();

  constructor(clock: Clock, enqueueAfter: (key: string, delayMs: number) => void) {
    this.#clock = clock;
    this.#enqueueAfter = enqueueAfter;
  }

  /** One more attempt failed. */
  add(key: string): void {
    const attempts = (this.#pods.get(key)?.attempts ?? 0) + 1;
    const notBeforeMs = this.#clock.monotonicMs() + exponentialBackoffMs(BACKOFF, attempts);
    this.#pods.set(key, { attempts, notBeforeMs, released: false });
  }

  /** Placed, gone or no longer ours. */
  forget(key: string): void {
    this.#pods.delete(key);
  }

  retry(key: string): void {
    const waiting = this.#pods.get(key);
    if (!waiting || waiting.released) return;
    waiting.released = true;
    this.#enqueueAfter(key, waiting.notBeforeMs - this.#clock.monotonicMs());
  }

  /** Something changed that may make room. */
  retryAll(): void {
    for (const key of this.#pods.keys()) this.retry(key);
  }
}
