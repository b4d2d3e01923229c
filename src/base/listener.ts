// Listening sockets: opened or explained, and ended with all of their connections.
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Crowd } from './crowd.ts';
import { messageOf } from './error-message.ts';

export interface ListenAddress {
  host: string;
  /** 0 = any free one. */
  port: number;
}

/** Rejects with a sentence that names the address and what to do. */
export async function listen(server: Server, address: ListenAddress, what: string): Promise<void> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(address.port, address.host, listening.resolve);
  try {
    await listening.promise;
  } catch (error) {
    throw new Error(explain(error, address, what), { cause: error });
  } finally {
    server.off('error', listening.reject);
  }
}

function explain(error: unknown, { host, port }: ListenAddress, what: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const where = `${what} cannot listen on ${host}:${port}`;
  if (code === 'EADDRINUSE')
    return `${where}: another program uses that port: stop it or choose another port`;
  if (code === 'EADDRNOTAVAIL') return `${where}: this machine does not have the address`;
  return `${where}: ${messageOf(error)}`;
}

/** Remembers the sockets of a server, so that stopping need not wait for the other ends. */
export class OpenSockets {
  readonly #sockets = new Crowd<Duplex>();

  add(socket: Duplex): void {
    const place = this.#sockets.add(socket);
    socket.once('close', () => place.leave());
  }

  destroyAll(): void {
    for (const socket of this.#sockets.items()) socket.destroy();
  }
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener is not open');
  return address.port;
}
