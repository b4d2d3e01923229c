// Joins a board's log session to a client's answer: bytes go through as fast as the slower side takes them, an
// error before the first byte becomes the HTTP answer, one after it cuts the connection.
import type { ServerResponse } from 'node:http';
import type { RawData, WebSocket } from 'ws';
import type { SessionMessage } from '../api/session.ts';
import { internalError, StatusError, unavailable } from '../api/status-error.ts';

const NORMAL_CLOSURE = 1000;
const GOING_AWAY = 1001;

export class LogRelay {
  readonly #board: WebSocket;
  readonly #response: ServerResponse;
  #done: () => void = () => {};
  #fail: (error: StatusError) => void = () => {};
  #ended = false;

  constructor(board: WebSocket, response: ServerResponse) {
    this.#board = board;
    this.#response = response;
  }

  /** Resolves when the stream is over. @throws StatusError when the client has not been answered yet. */
  async run(): Promise<void> {
    const over = new Promise<void>((done, fail) => {
      this.#done = done;
      this.#fail = fail;
    });
    this.#board.on('message', (data, isBinary) => this.#message(data, isBinary));
    this.#board.on('close', () => this.#broken());
    this.#response.on('drain', () => this.#board.resume());
    this.#response.on('close', () => this.#clientGone());
    if (this.#response.destroyed) this.#clientGone();
    if (this.#board.readyState === this.#board.CLOSED) this.#broken();
    this.#board.resume();
    await over;
  }

  #message(data: RawData, isBinary: boolean): void {
    if (this.#ended) return;
    if (isBinary) this.#bytes(data as Buffer);
    else this.#control(readMessage(data));
  }

  #bytes(chunk: Buffer): void {
    this.#begin();
    if (!this.#response.write(chunk)) this.#board.pause();
  }

  #control(message: SessionMessage | undefined): void {
    if (!message) this.#finish(internalError('the board sent what is no message of a session'));
    else if (message.started) this.#begin();
    else this.#finish(message.error ? StatusError.fromStatus(message.error) : undefined);
  }

  #begin(): void {
    if (this.#response.headersSent) return;
    this.#response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
    this.#response.flushHeaders();
  }

  #broken(): void {
    this.#finish(unavailable('the connection to the board broke off: see that it is up, then try again'));
  }

  #finish(error: StatusError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#board.resume();
    this.#board.close(NORMAL_CLOSURE);
    if (error) {
      this.#fail(error);
      return;
    }
    this.#begin();
    this.#response.end();
    this.#done();
  }

  #clientGone(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#board.resume();
    this.#board.close(GOING_AWAY);
    this.#done();
  }
}

function readMessage(data: RawData): SessionMessage | undefined {
  try {
    const message: unknown = JSON.parse(data.toString());
    return typeof message === 'object' && message !== null ? (message as SessionMessage) : undefined;
  } catch {
    return undefined;
  }
}
