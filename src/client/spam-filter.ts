// A bucket of events: 25 at once, then one each five minutes, as client-go's EventCorrelator allows. Who asks says for
// what there is one; upstream's default is one for all that a component says of an object, so that a failure which is
// told at each look keeps the rarer news away.
import type { Clock } from '../base/clock.ts';

const BURST = 25;
const REFILL_MS = 300_000;
/** Buckets remembered; the one unheard of for the longest is forgotten first. */
const MAX_SUBJECTS = 4096;

export class SpamFilter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one more event about `subject` may be written; counts it when so. */
  allows(subject: string): boolean {
    const atMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(subject) ?? { tokens: BURST, atMs };
    const tokens = Math.min(BURST, bucket.tokens + (atMs - bucket.atMs) / REFILL_MS);
    const allowed = tokens >= 1;
    this.#buckets.delete(subject);
    this.#buckets.set(subject, { tokens: allowed ? tokens - 1 : tokens, atMs });
    this.#forgetOldest();
    return allowed;
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > MAX_SUBJECTS && oldest !== undefined) this.#buckets.delete(oldest);
  }
}
