// Sends the board's load every few seconds: for people, for the scheduler's eyes, and as a sign of life.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import type { BoardLoad } from './board-load.ts';

export interface HeartbeatOptions {
  clock: Clock;
  logger: Logger;
  measure(nowMs: number): Promise<BoardLoad>;
  send(beat: BoardLoad): void;
  /** The master waits 8 s for a sign of life: one lost beat must not matter. */
  intervalMs?: number;
}

export const HEARTBEAT_INTERVAL_MS = 5_000;

export class Heartbeat implements Component {
  readonly #options: HeartbeatOptions;
  #timer: Timer | undefined;
  #measuring: Promise<void> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { clock, intervalMs = HEARTBEAT_INTERVAL_MS } = this.#options;
    this.#timer = clock.every(intervalMs, () => this.#beat());
    this.#beat();
    await this.#measuring;
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#measuring;
  }

  /** A board too slow to measure in one interval sends fewer beats, never two at once. */
  #beat(): void {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = undefined;
    });
  }

  async #measure(): Promise<void> {
    const { clock, measure, send, logger } = this.#options;
    try {
      const beat = await measure(clock.now());
      if (this.#timer) send(beat);
    } catch (error) {
      logger.warn({ error: String(error) }, 'the load of this board cannot be measured');
    }
  }
}
