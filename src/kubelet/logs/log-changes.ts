// Wakes a log follower: when something happens in the log's folder, or after a while in case nothing was told.
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';

/** The net under inotify, and how late the end of a silent container is noticed at most. */
const longestWaitMs = 1000;

export class LogChanges {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #wakeNow = () => this.#wake?.();
  #watcher: FSWatcher | undefined;
  #isDirty = false;
  #wake: (() => void) | undefined;

  constructor(path: string, clock: Clock, signal: AbortSignal) {
    this.#path = path;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** A folder that is not there, or no inotify watch left on this board: the slow look alone has to do. */
  open(): void {
    this.#signal.addEventListener('abort', this.#wakeNow);
    try {
      this.#watcher = watch(dirname(this.#path), { persistent: false }, () => this.#changed());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#wakeNow);
    this.#watcher?.close();
    this.#wake?.();
  }

  /** Resolves at the next change, at once when there was one since the last wait, or after a second. */
  async wait(): Promise<void> {
    if (!this.#isDirty && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(longestWaitMs, resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#isDirty = false;
  }

  #changed(): void {
    this.#isDirty = true;
    this.#wake?.();
  }
}
