// Connects to the first of several endpoints that accepts; who waits notices nothing of those that refused.
import type { Clock } from '../base/clock.ts';
import type { Place } from '../base/crowd.ts';
import { Ageing } from './ageing.ts';
import type { Target } from './backend.ts';
import { connectTo, newSocket, startReading, type TcpHandle } from './tcp-handle.ts';

/** A board that does not answer at all is given up after 1.5 to 3 s: it must not hold a client for longer. */
const PATIENCE_TURN_MS = 1500;

/** `upstream`, which reads already, and its `endpoint` are undefined when none accepted. */
type OnDialed = (upstream: TcpHandle | undefined, endpoint: Target | undefined) => void;

export class Dialer {
  readonly #waiting: Ageing<Attempt>;
  readonly #buffer: Uint8Array;

  /** What is connected to reads to the start of `buffer`. */
  constructor(clock: Clock, buffer: Uint8Array) {
    this.#buffer = buffer;
    this.#waiting = new Ageing(clock, PATIENCE_TURN_MS, (attempt) => attempt.next());
  }

  /** Calls `onDialed` once, and never after the returned attempt has been cancelled. */
  dial(endpoints: readonly Target[], onDialed: OnDialed): Attempt {
    const attempt = new Attempt(endpoints, this.#buffer, this.#waiting, onDialed);
    attempt.next();
    return attempt;
  }

  stop(): void {
    this.#waiting.stop();
  }
}

export class Attempt {
  readonly #endpoints: readonly Target[];
  readonly #buffer: Uint8Array;
  readonly #waiting: Ageing<Attempt>;
  readonly #onDialed: OnDialed;
  #tried = 0;
  #handle: TcpHandle | undefined;
  #place: Place<Attempt> | undefined;

  constructor(
    endpoints: readonly Target[],
    buffer: Uint8Array,
    waiting: Ageing<Attempt>,
    onDialed: OnDialed,
  ) {
    this.#endpoints = endpoints;
    this.#buffer = buffer;
    this.#waiting = waiting;
    this.#onDialed = onDialed;
  }

  /** Gives the current endpoint up and turns to the next. */
  next(): void {
    this.cancel();
    const endpoint = this.#endpoints[this.#tried++];
    if (endpoint) this.#connect(endpoint);
    else this.#onDialed(undefined, undefined);
  }

  cancel(): void {
    this.#place?.leave();
    this.#handle?.close();
    this.#handle = undefined;
  }

  #connect(endpoint: Target): void {
    const handle = newSocket();
    this.#handle = handle;
    this.#place = this.#waiting.add(this);
    connectTo(handle, endpoint.ip, endpoint.port, (status) => {
      if (handle !== this.#handle) return;
      if (status === 0) this.#succeed(handle, endpoint);
      else this.next();
    });
    // Asked for both at once the kernel is called three times less. One that cannot be read cannot be connected either.
    startReading(handle, this.#buffer);
  }

  #succeed(handle: TcpHandle, endpoint: Target): void {
    this.#place?.leave();
    this.#handle = undefined;
    this.#onDialed(handle, endpoint);
  }
}
