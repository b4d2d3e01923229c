// One listening TCP socket of the proxy and the connections it accepted.
import { EVERY_ADDRESS } from '../base/ip.ts';
import { admit } from './admission.ts';
import { Arrivals } from './arrivals.ts';
import type { Backend, Target } from './backend.ts';
import { Connections } from './connections.ts';
import type { DataPath } from './data-path.ts';
import type { Forwarder, VirtualAddress } from './forwarder-plan.ts';
import type { Front, FrontOptions } from './front.ts';
import { greet } from './greeting.ts';
import { HeldClients } from './held-clients.ts';
import { Relay, resetHandle } from './relay.ts';
import type { TrafficPolicy } from './service-view.ts';
import {
  hasIpv6,
  listenOn,
  localAddress,
  peerAddress,
  type SocketAddress,
  type TcpHandle,
} from './tcp-handle.ts';

/** A burst of clients waits in the kernel; who finds no room tries again after a second, which is felt. */
const BACKLOG = 4096;
/** Of a client whose address nobody has asked for: asking costs a call into the kernel. */
const UNASKED: SocketAddress = { address: '', port: 0 };

export interface ListenerOptions extends FrontOptions {
  dataPath: DataPath;
}

const NOBODY: ReadonlySet<Target> = new Set();

/** A client that has been let in. */
interface Arrival {
  client: TcpHandle;
  from: SocketAddress;
  policy: TrafficPolicy;
}

export class Listener implements Front {
  readonly #options: ListenerOptions;
  readonly #backend: Backend;
  readonly #arrivals: Arrivals;
  readonly #connections = new Connections();
  readonly #held: HeldClients<Arrival>;
  #forwarder: Forwarder;
  /** The first has the port; where that is for every address, a second one has it for IPv6. */
  readonly #handles: TcpHandle[] = [];

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#forwarder = options.forwarder;
    this.#backend = options.backend;
    this.#arrivals = new Arrivals((client) => this.#accept(client), options.clock);
    this.#held = new HeldClients(options.dataPath.held);
  }

  get port(): number {
    const [first] = this.#handles;
    return first ? localAddress(first).port : 0;
  }

  async open(): Promise<void> {
    const { host, port, virtual } = this.#forwarder;
    try {
      if (virtual && port === 0) this.#listenFor(virtual, host);
      else this.#listen(host, port);
      if (host === EVERY_ADDRESS && hasIpv6()) this.#listen('::', port);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** On the port that the kernel's map has for that address, else on one that it has for none. */
  #listenFor(virtual: VirtualAddress, host: string): void {
    const { localPorts } = this.#options;
    const [known] = localPorts.candidates(virtual);
    const isThere = known !== undefined && this.#canListen(host, known);
    if (!isThere) this.#listen(host, 0);
    while (localPorts.isAnothers(virtual, this.port)) {
      this.close();
      this.#listen(host, 0);
    }
    localPorts.keep(virtual, this.port);
  }

  /** False where a program of the board has the port. */
  #canListen(host: string, port: number): boolean {
    try {
      this.#listen(host, port);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      return false;
    }
  }

  #listen(host: string, port: number): void {
    const handle = listenOn(host, port, BACKLOG);
    handle.onconnection = (status, client) => {
      if (status === 0 && client) this.#arrivals.add(client);
      else this.#backend.load.counters.failed += 1;
    };
    this.#handles.push(handle);
  }

  replace(forwarder: Forwarder): void {
    this.#forwarder = forwarder;
    if (!this.#held.isEmpty) this.#serveHeld();
  }

  get isIdle(): boolean {
    return this.#arrivals.isEmpty && this.#connections.isEmpty && this.#held.isEmpty;
  }

  close(): void {
    for (const handle of this.#handles.splice(0)) handle.close();
  }

  destroyConnections(): void {
    for (const client of this.#arrivals.giveUp()) resetHandle(client);
    for (const held of this.#held.take(() => true)) this.#fail(held.client.client);
    for (let left = this.#connections.abortAll(); left > 0; left--) this.#backend.load.leave(0, 0);
  }

  endConnectionsTo(endpoint: string): void {
    this.#connections.abortWith(endpoint);
  }

  #accept(client: TcpHandle): void {
    const { load } = this.#backend;
    const from = this.#asksWho ? peerAddress(client) : UNASKED;
    const policy = admit(this.#forwarder, from.address, this.#options.isInside);
    if (!policy) load.counters.forbidden += 1;
    if (!policy || !load.enter()) {
      resetHandle(client);
      return;
    }
    const arrival = { client, from, policy };
    const candidates = this.#candidatesFor(arrival);
    if (candidates.length === 0) this.#fail(client);
    else this.#dial(arrival, candidates);
  }

  #candidatesFor({ from, policy }: Arrival): readonly Target[] {
    return this.#backend.candidates(from.address, policy, this.#nowMs);
  }

  /** Whether anything depends on the client's address. */
  get #asksWho(): boolean {
    const { sourceRanges, insiders, outsiders } = this.#forwarder;
    const { proxyProtocol, keepsClients } = this.#backend;
    return sourceRanges.length > 0 || insiders !== outsiders || keepsClients || proxyProtocol !== undefined;
  }

  #dial(arrival: Arrival, candidates: readonly Target[], refused: ReadonlySet<Target> = NOBODY): void {
    const { client, from } = arrival;
    const attempt = this.#options.dataPath.dialer.dial(candidates, (upstream, endpoint) => {
      place.leave();
      if (upstream && endpoint) this.#join(client, from, upstream, endpoint);
      else this.#hold(arrival, new Set([...refused, ...candidates]));
    });
    const place = this.#connections.waiting.add({ attempt, client });
  }

  /** Others may have come while these were tried. */
  #hold(arrival: Arrival, refused: ReadonlySet<Target>): void {
    const others = this.#othersFor(arrival, refused);
    if (others.length > 0) this.#dial(arrival, others, refused);
    else this.#held.hold(arrival, refused, ({ client }) => this.#fail(client));
  }

  #serveHeld(): void {
    const served = this.#held.take(({ client, refused }) => this.#othersFor(client, refused).length > 0);
    for (const { client, refused } of served) this.#hold(client, refused);
  }

  #othersFor(arrival: Arrival, refused: ReadonlySet<Target>): readonly Target[] {
    return this.#candidatesFor(arrival).filter((target) => !refused.has(target));
  }

  #join(client: TcpHandle, from: SocketAddress, upstream: TcpHandle, endpoint: Target): void {
    const { buffers, young } = this.#options.dataPath;
    upstream.setNoDelay(true);
    const relay = new Relay(client, upstream, buffers, () => {
      age.leave();
      place.leave();
      this.#backend.parted(endpoint);
      this.#backend.load.leave(client.bytesRead, upstream.bytesRead);
    });
    const age = young.add(relay);
    const place = this.#connections.joined.add({ relay, endpoint: endpoint.id });
    this.#backend.joined(from.address, endpoint, this.#nowMs);
    if (this.#greet(client, from, upstream)) relay.start();
    else relay.abort();
  }

  #greet(client: TcpHandle, from: SocketAddress, upstream: TcpHandle): boolean {
    const version = this.#backend.proxyProtocol;
    const { virtual } = this.#forwarder;
    return version === undefined || greet(upstream, version, { client, from, virtual });
  }

  #fail(client: TcpHandle): void {
    const { load } = this.#backend;
    load.counters.failed += 1;
    load.leave(0, 0);
    resetHandle(client);
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
