// The API server's end of a session with a board: whether it began, its channels, how it ended.
import type { WebSocket } from 'ws';
import type { SessionMessage, TerminalSize } from '../../api/session.ts';
import type { SessionChannel } from '../../api/session-channel.ts';
import { SessionLink } from '../../api/session-link.ts';
import { internalError, StatusError, unavailable } from '../../api/status-error.ts';

const NORMAL_CLOSURE = 1000;
const GOING_AWAY = 1001;

export class BoardSession {
  /** Resolves with the board's last word; rejects with its StatusError, or with Unavailable when it broke off. */
  readonly ended: Promise<{ exitCode?: number }>;
  readonly #link: SessionLink;
  readonly #start: PromiseWithResolvers<void>;
  readonly #end: PromiseWithResolvers<{ exitCode?: number }>;
  #nextChannel = 0;

  constructor(socket: WebSocket) {
    this.#start = Promise.withResolvers<void>();
    this.#end = Promise.withResolvers<{ exitCode?: number }>();
    this.ended = this.#end.promise;
    // Whoever has left does not look at how it ended.
    this.ended.catch(ignore);
    this.#link = new SessionLink(socket, {
      onMessage: (message) => this.#message(message),
      onClosed: () => this.#fail(brokeOff()),
    });
  }

  /** Begins to read; channels of the board's own bytes must have been made. @throws StatusError */
  begun(): Promise<void> {
    this.#link.start();
    return this.#start.promise;
  }

  channel(id: number): SessionChannel {
    return this.#link.channel(id);
  }

  /** A connection to a TCP port of the pod. The board's refusal destroys it with the reason. */
  connect(port: number): SessionChannel {
    const channel = this.#nextChannel++;
    const made = this.#link.channel(channel);
    this.#link.send({ open: { channel, port } });
    return made;
  }

  resize(resize: TerminalSize): void {
    this.#link.send({ resize });
  }

  /** All that it said has been read. */
  close(): void {
    this.#link.close(NORMAL_CLOSURE);
  }

  /** The client is gone: the board is to end what it started. */
  leave(): void {
    this.#link.close(GOING_AWAY);
  }

  #message({ started, done, error }: SessionMessage): void {
    if (error) this.#fail(StatusError.fromStatus(error));
    else if (started || done) this.#start.resolve();
    else this.#fail(internalError('the board sent what is no message of a session'));
    if (done) this.#end.resolve(done);
  }

  #fail(error: StatusError): void {
    this.#start.reject(error);
    this.#end.reject(error);
  }
}

const brokeOff = () =>
  unavailable('the connection to the board broke off: see that it is up, then try again');
const ignore = () => {};
