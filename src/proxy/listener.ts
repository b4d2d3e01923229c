// One listening socket of the proxy and the connections it accepted.
import { type ConnectionCounts, Connections, keyOf } from './connections.ts';
import type { DataPath } from './data-path.ts';
import type { Forwarder } from './forwarder-plan.ts';
import { Relay, resetHandle } from './relay.ts';
import { RoundRobin } from './round-robin.ts';
import type { Endpoint } from './service-view.ts';
import { listenOn, localPort, type TcpHandle } from './tcp-handle.ts';

/** A burst of clients waits in the kernel; who finds no room tries again after a second, which is felt. */
const BACKLOG = 4096;

export class Listener {
  readonly id: string;
  readonly serviceKey: string;
  readonly #host: string;
  readonly #port: number;
  readonly #dataPath: DataPath;
  readonly #turns = new RoundRobin();
  readonly #connections = new Connections();
  #terminating: readonly Endpoint[];
  #handle: TcpHandle | undefined;

  constructor(forwarder: Forwarder, dataPath: DataPath) {
    this.id = forwarder.id;
    this.serviceKey = forwarder.serviceKey;
    this.#host = forwarder.host;
    this.#port = forwarder.port;
    this.#dataPath = dataPath;
    this.#turns.replace(forwarder.endpoints);
    this.#terminating = forwarder.terminating;
  }

  /** The port that it listens on; 0 while it does not. */
  get port(): number {
    return this.#handle ? localPort(this.#handle) : 0;
  }

  /** Throws the system's error, such as EADDRINUSE. */
  open(): void {
    const handle = listenOn(this.#host, this.#port, BACKLOG);
    handle.onconnection = (status, client) => {
      if (status === 0 && client) this.#accept(client);
      else this.#connections.countRefused();
    };
    this.#handle = handle;
  }

  /** New connections go to these; those that exist live as long as their pod. */
  replaceEndpoints(forwarder: Forwarder): void {
    this.#turns.replace(forwarder.endpoints);
    this.#connections.abortWith(goneEndpoints(this.#terminating, forwarder));
    this.#terminating = forwarder.terminating;
  }

  get isIdle(): boolean {
    return this.#connections.isEmpty;
  }

  get counts(): ConnectionCounts {
    return this.#connections.counts;
  }

  /** Accepts no more; existing connections go on. */
  close(): void {
    this.#handle?.close();
    this.#handle = undefined;
  }

  /** Ends what close() left. */
  destroyConnections(): void {
    this.#connections.abortAll();
  }

  #accept(client: TcpHandle): void {
    const endpoints = this.#turns.turn();
    if (endpoints.length === 0) this.#refuse(client);
    else this.#dial(client, endpoints);
  }

  #dial(client: TcpHandle, endpoints: readonly Endpoint[]): void {
    const attempt = this.#dataPath.dialer.dial(endpoints, (upstream, endpoint) => {
      this.#connections.deleteAttempt(attempt);
      if (upstream && endpoint) this.#relay(client, upstream, endpoint);
      else this.#refuse(client);
    });
    this.#connections.addAttempt(attempt, client);
  }

  #relay(client: TcpHandle, upstream: TcpHandle, endpoint: Endpoint): void {
    const { buffers, young } = this.#dataPath;
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    const relay = new Relay(client, upstream, buffers, () => {
      young.delete(relay);
      this.#connections.deleteRelay(endpoint, relay);
    });
    this.#connections.addRelay(endpoint, relay);
    young.add(relay);
    relay.start();
  }

  #refuse(client: TcpHandle): void {
    this.#connections.countRefused();
    resetHandle(client);
  }
}

/**
 * Endpoints that were on their way out and are now in no list: their pods are gone. One that left without having
 * been on its way out lives on, such as a pod whose labels no longer match, and so do its connections.
 */
export function goneEndpoints(
  terminating: readonly Endpoint[],
  now: Pick<Forwarder, 'endpoints' | 'terminating'>,
): Endpoint[] {
  if (terminating.length === 0) return [];
  const known = new Set([...now.endpoints, ...now.terminating].map(keyOf));
  return terminating.filter((endpoint) => !known.has(keyOf(endpoint)));
}
