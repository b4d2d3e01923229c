// One listening socket of the proxy and the connections it accepted.
import { createServer, type Server, type Socket } from 'node:net';
import type { Forwarder } from './forwarder-plan.ts';
import { relay } from './relay.ts';
import { RoundRobin } from './round-robin.ts';

export class Listener {
  readonly id: string;
  readonly #host: string;
  readonly #port: number;
  readonly #endpoints = new RoundRobin();
  readonly #clients = new Set<Socket>();
  readonly #server: Server;

  constructor(forwarder: Forwarder) {
    this.id = forwarder.id;
    this.#host = forwarder.host;
    this.#port = forwarder.port;
    this.#endpoints.replace(forwarder.endpoints);
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) =>
      this.#accept(client),
    );
  }

  /** The port that it listens on; 0 until open() has resolved. */
  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  /** Rejects with the system's error, such as EADDRINUSE. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, this.#host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  /** New connections go to these; those that exist live as long as their pod. */
  replaceEndpoints(forwarder: Forwarder): void {
    this.#endpoints.replace(forwarder.endpoints);
  }

  get isIdle(): boolean {
    return this.#clients.size === 0;
  }

  /** Accepts no more; existing connections go on. */
  close(): void {
    if (this.#server.listening) this.#server.close();
  }

  /** Ends what close() left. */
  destroyConnections(): void {
    for (const client of this.#clients) client.destroy();
  }

  #accept(client: Socket): void {
    this.#clients.add(client);
    client.once('close', () => this.#clients.delete(client));
    void relay(client, this.#endpoints.turn());
  }
}
