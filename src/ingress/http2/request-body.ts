// The body of a request on its way to a backend, no faster than that takes it and no longer than is allowed. Its
// beginning is kept until the backend answers, so that another one can be sent the same if it refuses.

import type { OutgoingHttpHeaders } from 'node:http';
import { type ClientHttp2Stream, constants } from 'node:http2';
import { type ClientRequestSide, endedWhole } from '../forwarding.ts';
import { requestTrailers } from './http2-fields.ts';

/** As much as may arrive before a backend's first word, in HTTP/2's own default window. */
const MAX_KEPT_BYTES = 64 * 1024;

interface Destination {
  stream: ClientHttp2Stream;
  onTooLarge(): void;
}

export class RequestBody {
  readonly #req: ClientRequestSide;
  readonly #limitBytes: number;
  readonly #head: OutgoingHttpHeaders;
  #kept: Buffer[] | undefined = [];
  #bytes = 0;
  #isWhole = false;
  #to: Destination | undefined;

  /** `limitBytes`: 0 = none; `head`: the fields that backends are sent before it. */
  constructor(req: ClientRequestSide, limitBytes: number, head: OutgoingHttpHeaders) {
    this.#req = req;
    this.#limitBytes = limitBytes;
    this.#head = head;
  }

  /** All that has come is still there. */
  get canRepeat(): boolean {
    return this.#kept !== undefined;
  }

  /** From its beginning, and to nobody else any more. */
  sendTo(stream: ClientHttp2Stream, onTooLarge: () => void): void {
    const isFirst = this.#req.listenerCount('data') === 0;
    this.#to = { stream, onTooLarge };
    stream.on('drain', () => this.#goOn(stream));
    stream.once('wantTrailers', () => this.#sendTrailers(stream));
    for (const chunk of this.#kept ?? []) stream.write(chunk);
    if (isFirst) {
      this.#req.on('data', (chunk: Buffer) => this.#take(chunk));
      this.#req.once('end', () => this.#end());
    }
    if (this.#isWhole) stream.end();
    else this.#goOn(stream);
  }

  /** Nobody takes it: what comes waits. */
  leave(): void {
    this.#to = undefined;
    this.#req.pause();
  }

  /** It will not be sent again. */
  forget(): void {
    this.#kept = undefined;
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#keep(chunk);
    if (!this.#to) return;
    const { stream, onTooLarge } = this.#to;
    if (this.#limitBytes > 0 && this.#bytes > this.#limitBytes) {
      this.leave();
      onTooLarge();
    } else if (stream.writable && !stream.write(chunk)) this.#req.pause();
  }

  #keep(chunk: Buffer): void {
    if (this.#bytes > MAX_KEPT_BYTES) this.forget();
    this.#kept?.push(chunk);
  }

  #end(): void {
    this.#isWhole = endedWhole(this.#req);
    if (this.#isWhole) this.#to?.stream.end();
    else this.#to?.stream.close(constants.NGHTTP2_CANCEL);
  }

  #goOn(stream: ClientHttp2Stream): void {
    if (stream === this.#to?.stream && !stream.writableNeedDrain) this.#req.resume();
  }

  /** Without them the stream would not end. */
  #sendTrailers(stream: ClientHttp2Stream): void {
    if (stream.destroyed || stream.closed) return;
    stream.sendTrailers(requestTrailers(this.#req.trailers, this.#head));
  }
}
