// One client over TCP: its questions are answered side by side, and no more are read while it does not take what it
// was told. So a client that only asks costs bounded memory, and is let go by its silence.
import type { Socket } from 'node:net';
import { takeMessages, withLength } from './tcp-framing.ts';

/** A client that takes and says nothing for that long is let go (RFC 7766, 6.2.3). */
const IDLE_MS = 10_000;
/** Questions of one client on their way. */
const MAX_ANSWERING = 32;

export class TcpClient {
  readonly #socket: Socket;
  readonly #answer: (query: Buffer) => Promise<Buffer | undefined>;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Buffer[] = [];
  #answering = 0;

  constructor(socket: Socket, answer: (query: Buffer) => Promise<Buffer | undefined>) {
    this.#socket = socket;
    this.#answer = answer;
  }

  /** Until the socket closes. */
  serve(): void {
    const socket = this.#socket;
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => this.#next());
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    const received = this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk;
    const { messages, rest } = takeMessages(received);
    this.#received = rest;
    for (const message of messages) this.#waiting.push(message);
    this.#next();
  }

  #next(): void {
    const socket = this.#socket;
    while (this.#answering < MAX_ANSWERING && !socket.writableNeedDrain) {
      const query = this.#waiting.shift();
      if (!query) break;
      void this.#tell(Buffer.from(query));
    }
    if (this.#waiting.length > 0) socket.pause();
    else if (socket.isPaused()) socket.resume();
  }

  async #tell(query: Buffer): Promise<void> {
    this.#answering++;
    const response = await this.#answer(query).finally(() => this.#answering--);
    if (!this.#socket.writable) return;
    if (response) this.#socket.write(withLength(response));
    this.#next();
  }
}
