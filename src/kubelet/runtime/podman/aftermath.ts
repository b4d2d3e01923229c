// Looks a board over for what a killed podman left: once after the agent's start and once after each death of podman
// that a request met, when things have settled; again while something is too young to be told from work under way.
import { exponentialBackoffMs } from '../../../base/backoff.ts';
import type { Clock, Timer } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';

export interface AftermathOptions {
  /** Resolves with whether all could be judged. */
  sweep(): Promise<boolean>;
  clock: Clock;
  logger: Logger;
}

/** Longer than podman takes to make a container and to start it, on a board that is not busy. */
const SETTLE_MS = 3_000;
const AGAIN_BACKOFF = { initialMs: SETTLE_MS, maxMs: 60_000 };

export class Aftermath {
  readonly #options: AftermathOptions;
  #timer: Timer | undefined;
  #tries = 0;
  #isSweeping = false;
  #isStopped = false;

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  /** podman died, or whoever used it. Many deaths in a row are one. */
  expect(): void {
    this.#tries = 0;
    if (!this.#isSweeping) this.#after(SETTLE_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #after(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#isSweeping = true;
    const triesBefore = ++this.#tries;
    const isDone = await this.#sweep();
    this.#isSweeping = false;
    const diedMeanwhile = this.#tries < triesBefore;
    if (!isDone || diedMeanwhile) this.#after(exponentialBackoffMs(AGAIN_BACKOFF, this.#tries));
  }

  async #sweep(): Promise<boolean> {
    try {
      return await this.#options.sweep();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'what a killed podman left cannot be cleared now');
      return false;
    }
  }
}
