// One UDP port of the proxy: a client's datagrams go to one endpoint for as long as it keeps talking, answers
// come from the address that was asked. Unlike connections, flows end when their endpoint takes no more traffic.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Timer } from '../base/clock.ts';
import { admit } from './admission.ts';
import type { Backend, Target } from './backend.ts';
import type { Forwarder, VirtualAddress } from './forwarder-plan.ts';
import type { Front, FrontOptions } from './front.ts';
import type { TrafficPolicy } from './service-view.ts';
import { type Flow, UdpFlows } from './udp-flows.ts';

const LOOK_FOR_IDLE_MS = 5_000;
/** Datagrams that may wait for the socket of a new flow; more is a client that does not wait for answers. */
const MAX_WAITING = 16;

interface UdpFlow extends Flow {
  send(datagram: Buffer): void;
}

export class UdpListener implements Front {
  readonly #options: FrontOptions;
  readonly #backend: Backend;
  #forwarder: Forwarder;
  readonly #flows = new UdpFlows<UdpFlow>();
  #sockets: Socket[] = [];
  #port = 0;
  #idleCheck: Timer | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#forwarder = options.forwarder;
    this.#backend = options.backend;
  }

  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    const { host, port, virtual } = this.#forwarder;
    try {
      const first = await (virtual && port === 0 ? this.#bindFor(virtual, host) : this.#bind(host, port));
      this.#port = first.address().port;
      // The port on every address is only kept: the kernel leads to a socket that answers for all of them.
      const isKept = virtual && port !== 0;
      if (isKept) this.#port = (await this.#bindFor(virtual, this.#options.listenAddress)).address().port;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  replace(forwarder: Forwarder): void {
    this.#forwarder = forwarder;
    this.#flows.endTo((endpoint) => !this.#backend.isTaking(endpoint));
  }

  get isIdle(): boolean {
    return true;
  }

  /** Without its socket a flow has no way back to its client: all end. */
  close(): void {
    this.#idleCheck?.cancel();
    this.#idleCheck = undefined;
    this.#flows.endAll();
    for (const socket of this.#sockets.splice(0)) socket.close();
    this.#port = 0;
  }

  destroyConnections(): void {
    this.#flows.endAll();
  }

  endConnectionsTo(endpoint: string): void {
    this.#flows.endTo((other) => other === endpoint);
  }

  /** To the port that clients of that address know, else to any. */
  async #bindFor(virtual: VirtualAddress, host: string): Promise<Socket> {
    const { localPorts } = this.#options;
    const socket =
      (await this.#bindFirst(host, localPorts.candidates(virtual))) ?? (await this.#bind(host, 0));
    localPorts.keep(virtual, socket.address().port);
    return socket;
  }

  async #bindFirst(host: string, ports: readonly number[]): Promise<Socket | undefined> {
    for (const port of ports) {
      const socket = await this.#bind(host, port).catch(inUse);
      if (socket) return socket;
    }
    return undefined;
  }

  #bind(host: string, port: number): Promise<Socket> {
    const socket = createSocket({ type: udpOf(host), ipv6Only: isIPv6(host) });
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(port, host, () => {
        socket.removeAllListeners('error');
        // Such as a client that is gone: nobody else is concerned.
        socket.on('error', () => undefined);
        socket.on('message', (datagram, client) => this.#received(socket, datagram, client));
        this.#sockets.push(socket);
        resolve(socket);
      });
    });
  }

  #received(socket: Socket, datagram: Buffer, client: RemoteInfo): void {
    const id = `${client.address}:${client.port}`;
    const flow = this.#flows.find(id, this.#nowMs) ?? this.#newFlow(id, socket, client);
    flow?.send(datagram);
  }

  /** Who finds no room has no turn and no endpoint kept for it: a flood is to move nobody. */
  #newFlow(id: string, front: Socket, client: RemoteInfo): UdpFlow | undefined {
    const { load } = this.#backend;
    const policy = admit(this.#forwarder, client.address, this.#options.isInside);
    if (!policy) load.counters.forbidden += 1;
    else if (!this.#backend.takesTraffic(policy)) load.counters.failed += 1;
    else if (!this.#flows.hasRoom(this.#nowMs)) load.refuse('flows');
    else if (load.enter()) return this.#begin(id, front, client, policy);
    return undefined;
  }

  #begin(id: string, front: Socket, client: RemoteInfo, policy: TrafficPolicy): UdpFlow | undefined {
    const [endpoint] = this.#backend.candidates(client.address, policy, this.#nowMs);
    if (!endpoint) {
      this.#backend.load.leave(0, 0);
      return undefined;
    }
    this.#backend.joined(client.address, endpoint, this.#nowMs);
    const flow = this.#connect(id, front, client, endpoint);
    this.#flows.add(id, flow);
    this.#idleCheck ??= this.#options.clock.every(LOOK_FOR_IDLE_MS, () => this.#endIdle());
    return flow;
  }

  #connect(id: string, front: Socket, client: RemoteInfo, endpoint: Target): UdpFlow {
    const upstream = createSocket(udpOf(endpoint.ip));
    let waiting: Buffer[] | undefined = [];
    const bytes = { received: 0, sent: 0 };
    const flow: UdpFlow = {
      endpoint: endpoint.id,
      bornMs: this.#nowMs,
      lastMs: this.#nowMs,
      hasAnswer: false,
      send: (datagram) => {
        bytes.received += datagram.length;
        if (!waiting) upstream.send(datagram);
        else if (waiting.length < MAX_WAITING) waiting.push(datagram);
      },
      end: () => {
        upstream.close();
        this.#backend.parted(endpoint);
        this.#backend.load.leave(bytes.received, bytes.sent);
      },
    };
    upstream.on('message', (datagram) => {
      flow.lastMs = this.#nowMs;
      flow.hasAnswer = true;
      bytes.sent += datagram.length;
      front.send(datagram, client.port, client.address);
    });
    // The endpoint refuses: the client's next datagram goes to the next one.
    upstream.on('error', () => this.#endOwn(id, flow));
    // Also called with what stands in the way, such as no route to the endpoint.
    upstream.connect(endpoint.port, endpoint.ip, (error?: Error) => {
      if (error) return this.#endOwn(id, flow);
      for (const datagram of waiting ?? []) upstream.send(datagram);
      waiting = undefined;
    });
    return flow;
  }

  #endOwn(id: string, flow: UdpFlow): void {
    if (this.#flows.find(id, flow.lastMs) === flow) this.#flows.end(id);
  }

  #endIdle(): void {
    this.#flows.endIdle(this.#nowMs);
    if (this.#flows.size > 0) return;
    this.#idleCheck?.cancel();
    this.#idleCheck = undefined;
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

const udpOf = (address: string) => (isIPv6(address) ? 'udp6' : 'udp4');

function inUse(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EADDRINUSE') throw error;
}
