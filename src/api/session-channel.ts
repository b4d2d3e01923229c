// One channel of a session as a Node stream with its own back-pressure (the window of api/session.ts): writing
// waits for the other end's reader, and what was received and not read never exceeds the window.
import { Duplex } from 'node:stream';
import { CHANNEL_WINDOW_BYTES, MAX_FRAME_BYTES } from './session.ts';

/** What a channel asks of its session. */
export interface ChannelLink {
  /** `undefined` = this direction has ended. `done` is called when the kernel has taken it. */
  sendBytes(channel: number, bytes: Uint8Array | undefined, done: (error?: Error | null) => void): void;
  sendCredit(channel: number, bytes: number): void;
  /** The channel is over; `message` when it did not end by itself on both sides. */
  closed(channel: number, reset: { message?: string } | undefined): void;
}

/** Telling of each taken byte would double the frames; telling too late would stop the sender. */
const CREDIT_STEP_BYTES = CHANNEL_WINDOW_BYTES / 4;

type Done = (error?: Error | null) => void;

export class SessionChannel extends Duplex {
  readonly id: number;
  readonly #link: ChannelLink;
  readonly #received: Buffer[] = [];
  #receivedAll = false;
  #wantsMore = false;
  /** Bytes received and not yet given back as credit. */
  #owed = 0;
  #taken = 0;
  #allowance = CHANNEL_WINDOW_BYTES;
  #pending: { bytes: Uint8Array; done: Done } | undefined;
  #sentAll = false;
  #wasReset = false;

  constructor(id: number, link: ChannelLink) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: MAX_FRAME_BYTES,
      writableHighWaterMark: MAX_FRAME_BYTES,
    });
    this.id = id;
    this.#link = link;
  }

  /** Bytes from the other end, or its half-close. False when it sent more than the window allows. */
  receive(bytes: Buffer): boolean {
    if (this.destroyed || this.#receivedAll) return true;
    if (bytes.length === 0) this.#receivedAll = true;
    else {
      this.#owed += bytes.length;
      if (this.#owed > CHANNEL_WINDOW_BYTES) return false;
      this.#received.push(bytes);
    }
    this.#deliver();
    return true;
  }

  /** The other end's reader has taken `bytes` more. */
  credit(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < 0) return;
    this.#allowance += bytes;
    this.#flush();
  }

  /** The other end is through with this channel. */
  reset(message: string | undefined): void {
    this.#wasReset = true;
    this.destroy(message === undefined ? undefined : new Error(message));
  }

  /** The session's socket is gone: what has come is still read, if it is all. */
  cut(): void {
    if (!this.#receivedAll) this.destroy(new Error('the session has ended'));
  }

  override _read(): void {
    this.#wantsMore = true;
    this.#deliver();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#pending = { bytes: chunk, done };
    this.#flush();
  }

  override _final(done: Done): void {
    this.#sentAll = true;
    this.#link.sendBytes(this.id, undefined, done);
  }

  override _destroy(error: Error | null, done: Done): void {
    const isWhole = this.#sentAll && this.#receivedAll;
    const reset = error ? { message: error.message } : {};
    this.#link.closed(this.id, isWhole || this.#wasReset ? undefined : reset);
    this.#received.length = 0;
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.done(error ?? new Error('the other end does not read any more'));
    done(error);
  }

  #deliver(): void {
    while (this.#wantsMore) {
      const bytes = this.#received.shift();
      if (!bytes) break;
      this.#wantsMore = this.push(bytes);
      this.#give(bytes.length);
    }
    if (this.#receivedAll && this.#received.length === 0 && this.#wantsMore) {
      this.#wantsMore = false;
      this.push(null);
    }
  }

  #give(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < CREDIT_STEP_BYTES) return;
    this.#owed -= this.#taken;
    this.#link.sendCredit(this.id, this.#taken);
    this.#taken = 0;
  }

  #flush(): void {
    while (this.#pending && this.#allowance > 0) {
      const { bytes, done } = this.#pending;
      const length = Math.min(bytes.length, this.#allowance, MAX_FRAME_BYTES);
      const isLast = length === bytes.length;
      this.#allowance -= length;
      this.#pending = isLast ? undefined : { bytes: bytes.subarray(length), done };
      this.#link.sendBytes(this.id, bytes.subarray(0, length), isLast ? done : ignore);
    }
  }
}

/** A socket that breaks tells it by closing, which ends all channels. */
const ignore = () => {};
