// port-forward over WebSocket channels: each port of `?ports=` has channel 2n for its bytes and 2n+1 for what went
// wrong, and is connected at once. The first message on each channel is the port, 2 bytes little-endian.
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { badRequest } from '../../api/status-error.ts';
import type { ChannelProtocol } from './channel-protocol.ts';
import { ChannelSocket } from './channel-socket.ts';
import type { ClientForwards, ForwardedConnection } from './forward-relay.ts';

const NORMAL_CLOSURE = 1000;
/** Channels are a byte, and in the base64 form a digit. */
const MAX_PORTS = 100;

/** `ports=80&ports=81` or `ports=80,81`. @throws StatusError BadRequest */
export function forwardedPorts(query: URLSearchParams): number[] {
  const texts = query.getAll('ports').flatMap((value) => value.split(','));
  if (texts.length === 0) throw badRequest('query parameter "ports" is required');
  if (texts.length > MAX_PORTS) throw badRequest(`at most ${MAX_PORTS} ports can be forwarded at once`);
  return texts.map((text) => parsePort(text));
}

/** @throws StatusError BadRequest */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw badRequest(`unable to parse "${text}" as a port`);
}

export class WebSocketForwards implements ClientForwards {
  readonly #channels: ChannelSocket;
  readonly #ports: readonly number[];
  #listener: (connection: ForwardedConnection) => void = () => {};

  constructor(socket: WebSocket, protocol: ChannelProtocol, ports: readonly number[]) {
    this.#channels = new ChannelSocket(socket, protocol);
    this.#ports = ports;
  }

  onConnection(listener: (connection: ForwardedConnection) => void): void {
    this.#listener = listener;
    const connections = this.#ports.map((port, index) => this.#connect(port, index));
    this.#channels.start();
    for (const connection of connections) this.#listener(connection);
    const areOver = connections.map(({ data }) => new Promise((resolve) => data.once('finish', resolve)));
    void Promise.all(areOver).then(() => this.close());
  }

  onGone(listener: () => void): void {
    this.#channels.onGone(listener);
  }

  close(): void {
    this.#channels.close(NORMAL_CLOSURE);
  }

  #connect(port: number, index: number): ForwardedConnection {
    const [bytes, problems] = [2 * index, 2 * index + 1];
    const named = Buffer.alloc(2);
    named.writeUInt16LE(port);
    void this.#channels.send(bytes, named);
    void this.#channels.send(problems, named);
    const input = this.#channels.input(bytes);
    const data = Duplex.from({ readable: input, writable: this.#channels.output(bytes) });
    let isOver = false;
    const finish = (problem: string | undefined) => {
      if (!isOver && problem !== undefined) void this.#channels.send(problems, Buffer.from(problem));
      isOver = true;
    };
    return { port, data, finish };
  }
}
