// The bytes of a log file as they are written, across rotations, until its container has ended.
import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { LogChanges } from './log-changes.ts';
import { fromOffset, openIfThere, wasRotated } from './log-file.ts';
import { tailOffset } from './log-tail.ts';

export interface FollowFileOptions {
  path: string;
  /** Begin with this many last lines; all when left out. */
  tailLines: number | undefined;
  hasEnded: () => boolean | Promise<boolean>;
  /** A new file begins. */
  onRotation: () => void;
  clock: Clock;
}

/** Ends when `hasEnded` said so before everything was read, or when `signal` aborts. */
export async function* followFile(options: FollowFileOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  const changes = new LogChanges(options.path, options.clock, signal);
  const followed = new FollowedFile(options);
  changes.open();
  try {
    while (!signal.aborted) {
      const hasEnded = await options.hasEnded();
      const isRotated = yield* followed.read(signal);
      if (isRotated) continue;
      if (hasEnded) return;
      await changes.wait();
    }
  } finally {
    changes.close();
    await followed.close();
  }
}

class FollowedFile {
  readonly #options: FollowFileOptions;
  #file: FileHandle | undefined;
  #offset = 0;

  constructor(options: FollowFileOptions) {
    this.#options = options;
  }

  /** What is new. Returns whether another file took this one's place: it was looked for before the last read. */
  async *read(signal: AbortSignal): AsyncGenerator<Buffer, boolean> {
    this.#file ??= await this.#first();
    if (!this.#file) return false;
    const isRotated = await wasRotated(this.#file, this.#options.path);
    for await (const chunk of fromOffset(this.#file, this.#offset, signal)) {
      this.#offset += chunk.length;
      yield chunk;
    }
    if (isRotated) await this.#next();
    return isRotated;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #first(): Promise<FileHandle | undefined> {
    const { path, tailLines } = this.#options;
    const file = await openIfThere(path);
    if (file && tailLines !== undefined) this.#offset = await tailOffset(file, tailLines);
    return file;
  }

  async #next(): Promise<void> {
    await this.#file?.close();
    this.#file = await openIfThere(this.#options.path);
    this.#offset = 0;
    this.#options.onRotation();
  }
}
