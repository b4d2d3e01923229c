// The server's end of a SPDY/3.1 connection: the client opens streams, both sides write to them.
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import {
  CANCEL,
  controlFrame,
  dataFrame,
  FLAG_FIN,
  GOAWAY,
  HEADERS,
  PING,
  REFUSED_STREAM,
  RST_STREAM,
  readFrames,
  type SpdyFrame,
  SYN_REPLY,
  SYN_STREAM,
  streamIdOf,
  words,
} from './frames.ts';
import { EmptyHeaderWriter, HeaderReader } from './header-block.ts';
import { SpdyStream, type StreamLink } from './spdy-stream.ts';

/** A forwarded connection takes two. */
const MAX_STREAMS = 1000;
/** Behind the stream's number: number of the associated stream, priority, slot. */
const SYN_STREAM_HEAD_BYTES = 10;
/** kubectl closes within milliseconds of our GOAWAY; it may be stopped. */
const CLOSE_TIMEOUT_MS = 5_000;

export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #clock: Clock;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #headers = new HeaderReader();
  readonly #replies = new EmptyHeaderWriter();
  readonly #link: StreamLink;
  #onStream: (stream: SpdyStream) => void = () => {};
  #pings = 0;
  #lastStreamId = 0;

  constructor(transport: Duplex, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
    this.#link = {
      send: (id, bytes, isLast, done) => {
        if (transport.writable) transport.write(dataFrame(id, bytes, isLast), done);
        else done(new Error('the connection has closed'));
      },
      closed: (id, isWhole) => this.#closed(id, isWhole),
    };
  }

  /** Begins to read. */
  start(onStream: (stream: SpdyStream) => void): void {
    this.#onStream = onStream;
    this.#transport.once('close', () => this.#end());
    void this.#run();
  }

  /** Called once when the connection has closed, at once when it has already. */
  onGone(listener: () => void): void {
    if (this.#transport.closed) listener();
    else this.#transport.once('close', listener);
  }

  /**
   * For as long as it lasts, finds out whether a client that is not read from is still there; its answer is not
   * awaited.
   */
  keepAsking(intervalMs: number): void {
    const pings = this.#clock.every(intervalMs, () => {
      this.#pings += 2;
      this.#write(PING, words(this.#pings));
    });
    this.onGone(() => pings.cancel());
  }

  /** What was written to the streams still goes out. */
  close(): void {
    if (this.#transport.writableEnded || this.#transport.destroyed) return;
    this.#write(GOAWAY, words(this.#lastStreamId, 0));
    this.#transport.end();
    const timer = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#transport.destroy());
    this.#transport.once('close', () => timer.cancel());
  }

  /** What cannot be read ends the connection, as does its end; a client that breaks off is no news. */
  async #run(): Promise<void> {
    try {
      for await (const frame of readFrames(this.#transport)) await this.#handle(frame);
    } catch {
      this.#transport.destroy();
    }
    this.#transport.destroy();
  }

  #end(): void {
    this.#headers.close();
    for (const stream of [...this.#streams.values()]) stream.destroy(new Error('the connection has closed'));
  }

  async #handle(frame: SpdyFrame): Promise<void> {
    if (frame.kind === 'control') return this.#control(frame.type, frame.flags, frame.body);
    const stream = this.#streams.get(frame.streamId);
    await stream?.receive(frame.bytes);
    if (frame.isLast) stream?.receiveEnd();
  }

  async #control(type: number, flags: number, body: Buffer): Promise<void> {
    if (type === SYN_STREAM) await this.#open(body, flags);
    // Its headers are of no use here, but the compression goes on from them.
    else if (type === HEADERS) await this.#headers.read(body.subarray(4));
    else if (type === RST_STREAM) this.#streams.get(streamIdOf(body))?.destroy();
    else if (type === PING && body.readUInt32BE() % 2 === 1) this.#write(PING, Buffer.from(body));
  }

  async #open(body: Buffer, flags: number): Promise<void> {
    const id = streamIdOf(body);
    const headers = await this.#headers.read(body.subarray(SYN_STREAM_HEAD_BYTES));
    if (this.#transport.destroyed) return;
    if (id <= this.#lastStreamId || this.#streams.size >= MAX_STREAMS) {
      this.#write(RST_STREAM, words(id, REFUSED_STREAM));
      return;
    }
    this.#lastStreamId = id;
    const stream = new SpdyStream(id, headers, this.#link);
    // Whoever uses the stream hears of its end by its close; an error nobody waits for is no crash.
    stream.on('error', () => undefined);
    this.#streams.set(id, stream);
    this.#write(SYN_REPLY, Buffer.concat([words(id), this.#replies.next()]));
    if ((flags & FLAG_FIN) !== 0) stream.receiveEnd();
    this.#onStream(stream);
  }

  #closed(id: number, isWhole: boolean): void {
    this.#streams.delete(id);
    if (!isWhole) this.#write(RST_STREAM, words(id, CANCEL));
  }

  #write(type: number, body: Buffer): void {
    if (this.#transport.writable) this.#transport.write(controlFrame(type, body));
  }
}
