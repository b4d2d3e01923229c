// One listening TCP socket of the proxy and the connections it accepted.
import { createServer, type Server, type Socket } from 'node:net';
import { admit } from './admission.ts';
import type { Backend } from './backend.ts';
import { type Endpoint, endpointId } from './endpoint-choice.ts';
import type { Forwarder } from './forwarder-plan.ts';
import type { Front, FrontOptions } from './front.ts';
import { proxyHeader } from './proxy-protocol.ts';
import { relay } from './relay.ts';

export class Listener implements Front {
  readonly #options: FrontOptions;
  readonly #backend: Backend;
  #forwarder: Forwarder;
  /** With the endpoint that each was joined to. */
  readonly #clients = new Map<Socket, Endpoint | undefined>();
  readonly #server: Server;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#forwarder = options.forwarder;
    this.#backend = options.backend;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) =>
      this.#accept(client),
    );
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  open(): Promise<void> {
    const { port, host } = this.#forwarder;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  replace(forwarder: Forwarder): void {
    this.#forwarder = forwarder;
  }

  get isIdle(): boolean {
    return this.#clients.size === 0;
  }

  close(): void {
    if (this.#server.listening) this.#server.close();
  }

  destroyConnections(): void {
    for (const client of this.#clients.keys()) client.destroy();
  }

  endConnectionsTo(endpoint: string): void {
    for (const [client, joined] of this.#clients) {
      if (joined && endpointId(joined) === endpoint) client.resetAndDestroy();
    }
  }

  #accept(client: Socket): void {
    const { load } = this.#backend;
    const address = client.remoteAddress;
    const policy = address && admit(this.#forwarder, address, this.#options.isInside);
    if (!policy) load.counters.forbidden += 1;
    if (!policy || !load.enter()) return void client.resetAndDestroy();
    this.#clients.set(client, undefined);
    client.once('close', () => this.#closed(client));
    const candidates = this.#backend.candidates(address, policy, this.#nowMs);
    void relay(client, candidates, {
      greeting: this.#greeting(client),
      onJoined: (endpoint) => this.#joined(client, address, endpoint),
      onFailed: () => {
        load.counters.failed += 1;
      },
    });
  }

  #joined(client: Socket, address: string, endpoint: Endpoint): void {
    this.#clients.set(client, endpoint);
    this.#backend.joined(address, endpoint, this.#nowMs);
  }

  #closed(client: Socket): void {
    const endpoint = this.#clients.get(client);
    this.#clients.delete(client);
    if (endpoint) this.#backend.parted(endpoint);
    this.#backend.load.leave(client.bytesRead, client.bytesWritten);
  }

  #greeting(client: Socket): Buffer | undefined {
    const version = this.#backend.proxyProtocol;
    const { remoteAddress, remotePort, localAddress, localPort } = client;
    if (!version || !remoteAddress || !remotePort || !localAddress || !localPort) return undefined;
    const { virtual } = this.#forwarder;
    return proxyHeader(version, {
      sourceAddress: remoteAddress,
      sourcePort: remotePort,
      destinationAddress: virtual?.ip ?? localAddress,
      destinationPort: virtual?.port ?? localPort,
    });
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
