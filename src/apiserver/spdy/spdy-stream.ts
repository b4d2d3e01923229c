// One stream of a SPDY connection as a Node stream. SPDY clients written in Go know no windows: a stream whose
// reader is behind holds back the whole connection.
import { Duplex } from 'node:stream';

/** What a stream asks of its connection. */
export interface StreamLink {
  send(streamId: number, bytes: Uint8Array, isLast: boolean, done: (error?: Error | null) => void): void;
  /** The stream is over; `isWhole` when both directions have ended by themselves. */
  closed(streamId: number, isWhole: boolean): void;
}

const BUFFER_BYTES = 256 * 1024;

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #link: StreamLink;
  #room: (() => void) | undefined;
  #hasReceivedAll = false;
  #hasSentAll = false;

  constructor(id: number, headers: ReadonlyMap<string, string>, link: StreamLink) {
    super({ allowHalfOpen: true, readableHighWaterMark: BUFFER_BYTES });
    this.id = id;
    this.headers = headers;
    this.#link = link;
  }

  /** Resolves when there is room for more. */
  async receive(bytes: Buffer): Promise<void> {
    if (this.destroyed || this.#hasReceivedAll || bytes.length === 0 || this.push(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#room = resolve;
    });
  }

  receiveEnd(): void {
    if (this.destroyed || this.#hasReceivedAll) return;
    this.#hasReceivedAll = true;
    this.push(null);
  }

  override _read(): void {
    this.#hasRoom();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#link.send(this.id, chunk, false, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#hasSentAll = true;
    this.#link.send(this.id, Buffer.alloc(0), true, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#link.closed(this.id, this.#hasReceivedAll && this.#hasSentAll);
    this.#hasRoom();
    done(error);
  }

  #hasRoom(): void {
    this.#room?.();
    this.#room = undefined;
  }
}
