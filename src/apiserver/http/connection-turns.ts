// The requests of one connection, carried out one after the other as they came: what a client sends behind an answer
// that ends the connection is never carried out (RFC 9112, 9.3.2 and 9.6), and nobody is read faster than answered.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Turn {
  /** `undefined` for what is no request. */
  incoming: IncomingMessage | undefined;
  begin: () => void;
}

/** Requests that may wait on one connection before it is read no further. */
const MAX_WAITING = 64;

/** All connections of the server. */
export class RequestTurns {
  readonly #ofSockets = new WeakMap<Duplex, ConnectionTurns>();

  of(socket: Duplex): ConnectionTurns {
    const known = this.#ofSockets.get(socket);
    if (known) return known;
    const turns = new ConnectionTurns(socket);
    this.#ofSockets.set(socket, turns);
    return turns;
  }
}

export class ConnectionTurns {
  readonly #socket: Duplex;
  readonly #waiting: Turn[] = [];
  /** What is being answered. */
  #current: Turn | undefined;
  #isHeld = false;
  #isHoldable = false;
  #isOver = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Calls `begin` once all before it are answered; never when the connection ended with one of them. */
  take(incoming: IncomingMessage, response: ServerResponse, begin: () => void): void {
    response.once('close', () => this.#next());
    this.#add({ incoming, begin });
  }

  /** As take(), for a request after which the connection speaks no HTTP any more. */
  takeLast(incoming: IncomingMessage, begin: () => void): void {
    this.#add({ incoming, begin });
    this.#isOver = true;
  }

  /** What came last is no HTTP: `answer` stands in its place, behind the answers to all before it. */
  breakOff(answer: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const last = this.#waiting.at(-1) ?? this.#current;
    const isInBody = last?.incoming?.complete === false;
    if (isInBody && last === this.#current) {
      answer();
      return;
    }
    if (isInBody) this.#waiting.pop();
    this.#add({ incoming: undefined, begin: answer });
  }

  #add(turn: Turn): void {
    if (!this.#current) {
      this.#begin(turn);
      return;
    }
    this.#waiting.push(turn);
    if (this.#waiting.length >= MAX_WAITING) this.#hold();
  }

  #begin(turn: Turn): void {
    this.#current = turn;
    turn.begin();
  }

  #next(): void {
    this.#current = undefined;
    const { writableEnded, destroyed } = this.#socket;
    if (writableEnded || destroyed) this.#waiting.length = 0;
    const turn = this.#waiting.shift();
    if (!turn) return;
    // Its body may be yet to come.
    if (this.#waiting.length === 0) this.#release();
    this.#begin(turn);
  }

  #hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#socket.pause();
    if (this.#isHoldable) return;
    this.#isHoldable = true;
    // Node reads on whenever somebody wants more of any request's body.
    this.#socket.on('resume', () => this.#isHeld && this.#socket.pause());
  }

  /** Node itself does not read while answers wait to be taken, and must not be made to. */
  #release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#socket.writableNeedDrain) this.#socket.once('drain', () => this.#resume());
    else this.#resume();
  }

  #resume(): void {
    if (!this.#isHeld) this.#socket.resume();
  }
}
