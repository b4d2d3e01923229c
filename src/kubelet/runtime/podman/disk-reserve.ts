// A few megabytes on podman's disk that are given up when it is full. podman 5 writes what it sees into SQLite, which needs
// room for its journal: without any it cannot even stop or remove the container that filled the disk.
import { open, rm, stat } from 'node:fs/promises';

export interface DiskReserveOptions {
  /** On podman's file system. */
  path: string;
  /** For the journal, and a list of some hundred containers written anew. */
  sizeBytes?: number;
}

const defaultSizeBytes = 4 * 1024 ** 2;
const stepBytes = 64 * 1024;

export class DiskReserve {
  readonly #path: string;
  readonly #sizeBytes: number;
  #users = 0;
  #taking: Promise<void> | undefined;

  constructor({ path, sizeBytes = defaultSizeBytes }: DiskReserveOptions) {
    this.#path = path;
    this.#sizeBytes = sizeBytes;
  }

  /** Takes it unless it is there, which costs one look; of a disk that is nearly full, what is left. */
  async take(): Promise<void> {
    if (this.#users > 0) return;
    this.#taking ??= this.#fill().finally(() => {
      this.#taking = undefined;
    });
    await this.#taking;
  }

  /** Runs `use` with its room given up, and takes it again. Several at a time share it. */
  async during<T>(use: () => Promise<T>): Promise<T> {
    this.#users++;
    try {
      await rm(this.#path, { force: true });
      return await use();
    } finally {
      this.#users--;
      await this.take();
    }
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #fill(): Promise<void> {
    if ((await this.#heldBytes()) >= this.#sizeBytes) return;
    const file = await open(this.#path, 'a', 0o600);
    try {
      const step = Buffer.alloc(stepBytes);
      for (let held = (await file.stat()).size; held < this.#sizeBytes; held += stepBytes)
        await file.write(step);
    } catch (error) {
      if (!isFull(error)) throw error;
    } finally {
      await file.close();
    }
  }

  async #heldBytes(): Promise<number> {
    try {
      return (await stat(this.#path)).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}
