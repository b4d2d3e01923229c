// One process at a time for something on this machine. A lock is a Unix socket in the abstract namespace: the
// kernel lets go of it when the process ends, however it ends. Network namespaces do not see each other's.
import { createServer, type Server } from 'node:net';

export class ProcessLock {
  readonly #name: string;
  #server: Server | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** False when another holder has it, in this process or another. */
  async take(): Promise<boolean> {
    const server = createServer((socket) => socket.destroy());
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(`\0${this.#name}`, resolve);
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
      throw error;
    }
    this.#server = server.unref();
    return true;
  }

  async release(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise((resolve) => server.close(resolve));
  }
}
