// One process per data directory, before anything in it is touched: a process lock named by the directory's inode.
import { stat } from 'node:fs/promises';
import { ProcessLock } from '../base/process-lock.ts';
import { lockedError } from './engine.ts';

export class DirectoryLock {
  readonly #directory: string;
  #lock: ProcessLock | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Rejects with a StoreError when another process, or another store of this one, holds the directory. */
  async take(): Promise<void> {
    const { dev, ino } = await stat(this.#directory);
    const lock = new ProcessLock(`edge-cluster-store-${dev}-${ino}`);
    if (!(await lock.take())) throw lockedError(this.#directory);
    this.#lock = lock;
  }

  async release(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }
}
