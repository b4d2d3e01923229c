// One process per data directory, before anything in it is touched. The lock is a Unix socket in the abstract
// namespace, named by the directory's inode: the kernel lets go of it when the process ends, however it ends.
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { lockedError } from './engine.ts';

export class DirectoryLock {
  readonly #directory: string;
  #server: Server | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Rejects with a StoreError when another process, or another store of this one, holds the directory. */
  async take(): Promise<void> {
    const { dev, ino } = await stat(this.#directory);
    const server = createServer((socket) => socket.destroy());
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(`\0edge-cluster-store-${dev}-${ino}`, resolve);
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw lockedError(this.#directory, error);
      throw error;
    }
    this.#server = server.unref();
  }

  async release(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise((resolve) => server.close(resolve));
  }
}
