// A client's WebSocket as the channels of a subprotocol. It is read no faster than the slowest channel's reader,
// and writing waits until the kernel has taken the bytes.
import { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { MAX_FRAME_BYTES } from '../../api/session.ts';
import { type ChannelProtocol, decodeMessage, encodeMessage } from './channel-protocol.ts';

const PROTOCOL_ERROR = 1002;

export class ChannelSocket {
  readonly #socket: WebSocket;
  readonly #protocol: ChannelProtocol;
  readonly #inputs = new Map<number, Readable>();
  /** Inputs whose reader is behind: while there is one nothing is read. */
  readonly #full = new Set<number>();

  constructor(socket: WebSocket, protocol: ChannelProtocol) {
    this.#socket = socket;
    this.#protocol = protocol;
  }

  /** Begins to read; the inputs have been made. */
  start(): void {
    this.#socket.on('message', (data) => this.#message(data as Buffer));
    this.#socket.on('close', () => {
      for (const input of this.#inputs.values()) input.destroy();
    });
    this.#socket.resume();
  }

  /** What the client sends on the channel; it ends when the client says so and is destroyed when it goes. */
  input(channel: number): Readable {
    const wanted = () => {
      this.#full.delete(channel);
      if (this.#full.size === 0) this.#socket.resume();
    };
    const input = new Readable({
      highWaterMark: MAX_FRAME_BYTES,
      read: wanted,
      destroy: (error, done) => {
        wanted();
        done(error);
      },
    });
    this.#inputs.set(channel, input);
    return input;
  }

  output(channel: number): Writable {
    return new Writable({
      highWaterMark: MAX_FRAME_BYTES,
      write: (chunk: Buffer, _encoding, done) => this.#send(channel, chunk, done),
    });
  }

  /** A whole message; nothing is sent to who is gone. */
  send(channel: number, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#send(channel, bytes, () => resolve()));
  }

  onGone(listener: () => void): void {
    if (this.#socket.readyState === this.#socket.CLOSED) listener();
    else this.#socket.once('close', listener);
  }

  close(code: number): void {
    this.#socket.close(code);
    this.#socket.resume();
  }

  #send(channel: number, bytes: Uint8Array, done: (error?: Error | null) => void): void {
    this.#socket.send(encodeMessage(this.#protocol, channel, bytes), done);
  }

  #message(data: Buffer): void {
    const message = decodeMessage(this.#protocol, data);
    if (!message) this.#socket.close(PROTOCOL_ERROR);
    else if ('closed' in message) this.#inputs.get(message.closed)?.push(null);
    else if (message.bytes.length > 0) this.#bytes(message.channel, message.bytes);
  }

  /** What comes on a channel that the client did not ask for, or has ended, is dropped. */
  #bytes(channel: number, bytes: Buffer): void {
    const input = this.#inputs.get(channel);
    if (!input || input.destroyed || input.readableEnded || input.push(bytes)) return;
    this.#full.add(channel);
    this.#socket.pause();
  }
}
