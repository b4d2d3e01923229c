// How often a daemon pod that ended is made anew on its board: after 1 s, doubling to 15 minutes, so that one that
// cannot run does not keep the cluster busy. Source: pkg/controller/daemon/daemon_controller.go failedPodsBackoff
import { exponentialBackoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';

const BACKOFF = { initialMs: 1000, maxMs: 15 * 60 * 1000 };

interface Attempts {
  count: number;
  /** Monotonic. */
  notBeforeMs: number;
}

export class EndedDaemons {
  readonly #clock: Clock;
  /** DaemonSet's uid → board → what happened there. */
  readonly #attempts = new Map<string, Map<string, Attempts>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the next try; 0 = now, and it counts as made. */
  waitMs(uid: string, board: string): number {
    const nowMs = this.#clock.monotonicMs();
    const attempts = this.#attempts.get(uid) ?? new Map<string, Attempts>();
    const known = attempts.get(board);
    if (known && known.notBeforeMs > nowMs) return known.notBeforeMs - nowMs;
    // As upstream: quiet for twice the longest wait, and it is forgotten.
    const isForgotten = known === undefined || nowMs - known.notBeforeMs > 2 * BACKOFF.maxMs;
    const count = isForgotten ? 1 : known.count + 1;
    attempts.set(board, { count, notBeforeMs: nowMs + exponentialBackoffMs(BACKOFF, count) });
    this.#attempts.set(uid, attempts);
    return 0;
  }

  forget(uid: string): void {
    this.#attempts.delete(uid);
  }
}
