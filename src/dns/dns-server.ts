// The sockets of the cluster's DNS on one board: UDP and TCP on the same port. What cannot be answered in time is
// dropped, so that a flood costs bounded memory.
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { Component } from '../base/component.ts';
import { OpenSockets } from '../base/listener.ts';
import type { Logger } from '../base/logger.ts';
import { TcpClient } from './tcp-client.ts';
import type { Transport } from './upstream-exchange.ts';

export interface DnsServerOptions {
  host: string;
  /** 0 = any free one. */
  port: number;
  /** Tried before that, in this order. */
  preferredPorts?: readonly number[];
  answer(query: Buffer, transport: Transport): Promise<Buffer | undefined> | Buffer | undefined;
  logger: Logger;
}

/** Questions on their way at one moment; names of the cluster take none. */
const MAX_PENDING = 1000;
const MAX_CONNECTIONS = 100;
/** Two sockets must get the same number: another program may hold one of them. */
const BIND_ATTEMPTS = 10;

export class DnsServer implements Component {
  readonly #options: DnsServerOptions;
  readonly #connections = new OpenSockets();
  #udp: UdpSocket | undefined;
  #tcp: Server | undefined;
  #pending = 0;

  constructor(options: DnsServerOptions) {
    this.#options = options;
  }

  /** Of both sockets; 0 while it does not listen. */
  get port(): number {
    return this.#udp?.address().port ?? 0;
  }

  async start(): Promise<void> {
    const { port, preferredPorts = [] } = this.#options;
    const last = new Array<number>(port === 0 ? BIND_ATTEMPTS : 1).fill(port);
    const tried = [...preferredPorts, ...last];
    for (const [i, at] of tried.entries()) {
      try {
        return await this.#open(at);
      } catch (error) {
        await this.stop();
        if (i === tried.length - 1) throw error;
      }
    }
  }

  async stop(): Promise<void> {
    const [udp, tcp] = [this.#udp, this.#tcp];
    this.#udp = undefined;
    this.#tcp = undefined;
    this.#connections.destroyAll();
    await Promise.all([
      new Promise<void>((resolve) => (udp ? udp.close(() => resolve()) : resolve())),
      new Promise<void>((resolve) => (tcp?.listening ? tcp.close(() => resolve()) : resolve())),
    ]);
  }

  async #open(port: number): Promise<void> {
    const { host } = this.#options;
    const udp = createSocket({ type: 'udp4', lookup: itself }, (query, from) => this.#datagram(query, from));
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject);
      udp.bind({ port, address: host, exclusive: true }, () => resolve());
    });
    this.#udp = udp;
    udp.removeAllListeners('error');
    udp.on('error', (error) => this.#options.logger.warn({ err: error }, 'DNS over UDP failed'));
    const tcp = createServer((socket) => this.#connection(socket));
    this.#tcp = tcp;
    tcp.maxConnections = MAX_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(this.port, host, resolve);
    });
  }

  #datagram(query: Buffer, from: RemoteInfo): void {
    const answer = this.#answer(query, 'udp');
    if (answer instanceof Promise) void answer.then((response) => this.#send(response, from));
    else this.#send(answer, from);
  }

  /** A client that is gone is told nothing, and nobody else need know. */
  #send(response: Buffer | undefined, { address, port }: RemoteInfo): void {
    if (response) this.#udp?.send(response, port, address, ignore);
  }

  #connection(socket: Socket): void {
    this.#connections.add(socket);
    new TcpClient(socket, async (query) => this.#answer(query, 'tcp')).serve();
  }

  #answer(query: Buffer, transport: Transport): Promise<Buffer | undefined> | Buffer | undefined {
    if (this.#pending >= MAX_PENDING) return undefined;
    try {
      const answer = this.#options.answer(query, transport);
      if (!(answer instanceof Promise)) return answer;
      this.#pending++;
      return answer.catch((error: unknown) => this.#failed(error)).finally(() => this.#pending--);
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** A question that brings out a mistake of ours must not take all else on the board along. */
  #failed(error: unknown): undefined {
    this.#options.logger.error({ err: error }, 'a question to the cluster DNS was not answered');
  }
}

/** Answers go to addresses: nothing needs to be looked up. */
function itself(
  address: string,
  _: object,
  found: (error: Error | null, address: string, family: number) => void,
): void {
  found(null, address, 4);
}

const ignore = (): void => undefined;
