// Slows down whoever guesses: after ten failures from one address it is refused for the rest of the minute.
import { StatusError } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';

const WINDOW_MS = 60_000;
const MAX_FAILURES = 10;
/** So that many addresses cannot fill the memory; the oldest is forgotten. */
const MAX_CLIENTS = 1000;

interface Failures {
  sinceMs: number;
  count: number;
}

export class FailureLimit {
  readonly #clock: Clock;
  readonly #clients = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws StatusError TooManyRequests */
  check(client: string): void {
    const failures = this.#current(client);
    if (!failures || failures.count < MAX_FAILURES) return;
    const waitMs = failures.sinceMs + WINDOW_MS - this.#clock.monotonicMs();
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    const message = `too many failed tries from ${client}: wait ${retryAfterSeconds} s`;
    throw new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds });
  }

  count(client: string): void {
    const failures = this.#current(client) ?? { sinceMs: this.#clock.monotonicMs(), count: 0 };
    failures.count += 1;
    this.#clients.set(client, failures);
    const oldest = this.#clients.keys().next().value;
    if (this.#clients.size > MAX_CLIENTS && oldest !== undefined) this.#clients.delete(oldest);
  }

  #current(client: string): Failures | undefined {
    const failures = this.#clients.get(client);
    if (!failures || this.#clock.monotonicMs() - failures.sinceMs < WINDOW_MS) return failures;
    this.#clients.delete(client);
    return undefined;
  }
}
