// One serial worker per pod key: events only say "look again"; a look that comes during a pass leads to one more
// pass. Different pods run side by side. A pass that throws is tried again with back-off. Idle costs nothing.
import { exponentialBackoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';

export interface PassResult {
  requeueAfterMs?: number | undefined;
}

export interface PodWorkersOptions {
  clock: Clock;
  logger: Logger;
  reconcile(key: string): Promise<PassResult>;
}

const RETRY_BACKOFF = { initialMs: 1_000, maxMs: 60_000 };

export class PodWorkers {
  readonly #options: PodWorkersOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, Timer>();
  readonly #failures = new Map<string, number>();
  #isStopped = false;

  constructor(options: PodWorkersOptions) {
    this.#options = options;
  }

  look(key: string): void {
    if (this.#isStopped) return;
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    this.#running.set(key, this.#work(key));
  }

  lookAfter(key: string, delayMs: number): void {
    if (this.#isStopped) return;
    this.#timers.get(key)?.cancel();
    this.#timers.set(
      key,
      this.#options.clock.after(delayMs, () => this.look(key)),
    );
  }

  /** Takes no new work and waits for the passes under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    await Promise.all(this.#running.values());
  }

  async #work(key: string): Promise<void> {
    // The first await lets look() put this promise into the table before anything happens.
    await undefined;
    const delayMs = await this.#pass(key);
    this.#running.delete(key);
    if (this.#again.delete(key)) this.look(key);
    else if (delayMs !== undefined) this.lookAfter(key, delayMs);
  }

  async #pass(key: string): Promise<number | undefined> {
    try {
      const result = await this.#options.reconcile(key);
      this.#failures.delete(key);
      return result.requeueAfterMs;
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#options.logger.warn(
        { pod: key, failures, error: String(error) },
        'pod could not be brought in line',
      );
      return exponentialBackoffMs(RETRY_BACKOFF, failures);
    }
  }
}
