// The clients that have a connection, so many at most: for one more the one goes that has been without a request for
// longest, as nginx does. Who opens connections and says nothing on them shuts out himself, not the others.
import type { Socket } from 'node:net';

/** What of a socket is asked; those of TLS and of HTTP/2 tell the same of the connection below them. */
type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

interface OpenClient {
  socket: Socket;
  requests: number;
}

export class OpenClients {
  readonly #limit: number;
  readonly #clients = new Map<string, OpenClient>();
  /** Those without a request, the longest first. */
  readonly #waiting = new Map<string, OpenClient>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A connection has been accepted: it or another one is ended when there are too many. */
  arrived(socket: Socket): void {
    if (this.#clients.size >= this.#limit && !this.#makeRoom()) {
      socket.destroy();
      return;
    }
    const id = idOf(socket);
    const client = { socket, requests: 0 };
    this.#clients.set(id, client);
    this.#waiting.set(id, client);
    socket.once('close', () => {
      if (this.#clients.get(id) === client) this.#forget(id);
    });
  }

  /** A request has begun; call what is returned when it has ended. */
  asked(peer: Peer): () => void {
    const id = idOf(peer);
    const client = this.#clients.get(id);
    if (!client) return () => undefined;
    client.requests += 1;
    this.#waiting.delete(id);
    return () => {
      client.requests -= 1;
      if (client.requests === 0 && this.#clients.get(id) === client) this.#waiting.set(id, client);
    };
  }

  #makeRoom(): boolean {
    for (const [id, { socket }] of this.#waiting) {
      this.#forget(id);
      socket.destroy();
      return true;
    }
    return false;
  }

  #forget(id: string): void {
    this.#clients.delete(id);
    this.#waiting.delete(id);
  }
}

const idOf = ({ remoteAddress, remotePort }: Peer): string => `${remoteAddress} ${remotePort}`;
