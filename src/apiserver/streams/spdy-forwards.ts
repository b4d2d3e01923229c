// port-forward over SPDY/3.1, by itself or inside a WebSocket: for each connection the client opens a pair of
// streams, `error` and `data`, with the same `requestID` and the port.
import type { SpdyConnection } from '../spdy/spdy-connection.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import type { ClientForwards, ForwardedConnection } from './forward-relay.ts';
import { parsePort } from './websocket-forwards.ts';

export const SPDY_FORWARD_PROTOCOL = 'portforward.k8s.io';
/** The subprotocol of kubectl from 1.31 on. */
export const TUNNEL_PROTOCOL = `SPDY/3.1+${SPDY_FORWARD_PROTOCOL}`;

export class SpdyForwards implements ClientForwards {
  readonly #connection: SpdyConnection;
  /** Streams whose other half has not come yet, by request. */
  readonly #halves = new Map<string, SpdyStream>();
  #listener: (connection: ForwardedConnection) => void = () => {};

  constructor(connection: SpdyConnection) {
    this.#connection = connection;
  }

  onConnection(listener: (connection: ForwardedConnection) => void): void {
    this.#listener = listener;
    this.#connection.start((stream) => this.#opened(stream));
  }

  onGone(listener: () => void): void {
    this.#connection.onGone(listener);
  }

  close(): void {
    this.#connection.close();
  }

  /** Clients older than requestID number a pair by the stream that came first. */
  #opened(stream: SpdyStream): void {
    const type = stream.headers.get('streamtype');
    const request = stream.headers.get('requestid') ?? String(type === 'data' ? stream.id - 2 : stream.id);
    const half = this.#halves.get(request);
    if (!half) {
      this.#halves.set(request, stream);
      stream.once('close', () => this.#forget(request, stream));
      return;
    }
    this.#halves.delete(request);
    const [error, data] = type === 'data' ? [half, stream] : [stream, half];
    this.#pair(error, data);
  }

  #forget(request: string, stream: SpdyStream): void {
    if (this.#halves.get(request) === stream) this.#halves.delete(request);
  }

  #pair(error: SpdyStream, data: SpdyStream): void {
    error.resume();
    try {
      const port = parsePort(data.headers.get('port') ?? '');
      this.#listener({ port, data, finish: (problem) => finish(error, problem) });
    } catch (refusal) {
      finish(error, refusal instanceof Error ? refusal.message : String(refusal));
      data.resume().end();
    }
  }
}

function finish(error: SpdyStream, problem: string | undefined): void {
  if (!error.writableEnded && !error.destroyed) error.end(problem);
}
