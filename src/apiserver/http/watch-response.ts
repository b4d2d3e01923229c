// A watch as a stream of JSON lines. A slow client is waited for, and ended by the stream
// behind it when it falls too far back.
import type { Writable } from 'node:stream';
import type { KubeObject } from '../../api/objects.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import { StatusError } from '../../api/status-error.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { drained } from '../../base/drained.ts';
import type { ObjectEvent, WatchStream } from '../registry/watch-stream.ts';
import { lineOf, type ShownForm, type WatchLines } from './watch-lines.ts';

/** As upstream: about once a minute. */
const BOOKMARK_INTERVAL_MS = 60_000;
/** Upstream ends watches that do not say otherwise after 30 to 60 minutes. */
const DEFAULT_TIMEOUT_MS = 45 * 60_000;

export interface WatchResponseOptions {
  kind: KindDefinition;
  clock: Clock;
  lines: WatchLines;
  timeoutSeconds: number | undefined;
  bookmarks: boolean;
  /** Tell with a bookmark when what was there at the start has been sent. */
  markInitialEnd: boolean;
  /** How objects are to look now; `first` is true for the first event of the watch. */
  form(first: boolean): ShownForm;
  revision(): number;
}

export class WatchResponse {
  readonly #stream: WatchStream;
  readonly #response: Writable;
  readonly #options: WatchResponseOptions;
  readonly #timers: Timer[] = [];
  #first = true;
  #sending = false;

  /** `response` gets one line at a time; its head is the caller's. */
  constructor(stream: WatchStream, response: Writable, options: WatchResponseOptions) {
    this.#stream = stream;
    this.#response = response;
    this.#options = options;
  }

  /** Resolves when the watch has ended. */
  async run(): Promise<void> {
    const { clock, bookmarks, timeoutSeconds } = this.#options;
    const response = this.#response;
    response.on('close', () => this.#stream.close());
    const timeoutMs = timeoutSeconds ? timeoutSeconds * 1000 : DEFAULT_TIMEOUT_MS;
    this.#timers.push(clock.after(timeoutMs, () => this.#stream.close()));
    if (bookmarks) this.#timers.push(clock.every(BOOKMARK_INTERVAL_MS, () => this.#beat()));
    try {
      await this.#pump();
    } finally {
      for (const timer of this.#timers) timer.cancel();
      this.#stream.close();
      response.end();
    }
  }

  async #pump(): Promise<void> {
    if (this.#options.markInitialEnd) await this.#initial();
    try {
      for (let batch = await this.#stream.next(); batch; batch = await this.#stream.next())
        await this.#send(batch);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#response.write(lineOf('ERROR', error.toStatus()));
    }
  }

  async #initial(): Promise<void> {
    // Read before waiting: what comes later is newer than this bookmark.
    const revision = this.#options.revision();
    const initial = this.#stream.takeInitial();
    await this.#send(initial);
    this.#bookmark({ 'k8s.io/initial-events-end': 'true' }, revision);
  }

  async #send(batch: readonly ObjectEvent[]): Promise<void> {
    this.#sending = true;
    await this.#options.lines.turn();
    for (const { type, object } of batch) {
      if (this.#response.destroyed) return;
      if (!this.#response.write(this.#lineOf(type, object))) await drained(this.#response);
    }
    this.#sending = false;
  }

  #lineOf(type: string, object: KubeObject): Buffer {
    const { lines, form } = this.#options;
    const shown = form(this.#first);
    this.#first = false;
    return lines.line(type, object, shown);
  }

  /** Nothing is promised while events, which are older than the newest revision, still wait for this client. */
  #beat(): void {
    if (!this.#stream.hasWaiting && !this.#sending) this.#bookmark({});
  }

  #bookmark(annotations: Record<string, string>, revision = this.#options.revision()): void {
    const { kind } = this.#options;
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    };
    const object = { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata };
    this.#response.write(lineOf('BOOKMARK', object));
  }
}
