// List + watch of one kind into a cache, with handlers told of every change, in order. After any break it
// goes on from the last revision it saw, or lists again: what happened meanwhile arrives as changes, none is lost.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
import { type KubeObject, keyOf } from '../api/objects.ts';
import type { KindDefinition } from '../api/scheme.ts';
import { StatusError } from '../api/status-error.ts';
import { exponentialBackoffMs, jitteredMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client, WatchEvent } from './client.ts';
import { type IndexFunction, type Lister, ObjectCache } from './object-cache.ts';

/** Handlers run synchronously and must not wait: they put keys into queues. */
export interface InformerHandler<T extends KubeObject> {
  onAdd?(object: T): void;
  onUpdate?(object: T, previous: T): void;
  /** The last state known; after a relist that may be older than the object's true end. */
  onDelete?(object: T): void;
}

export interface InformerOptions<T extends KubeObject> {
  client: Client;
  kind: KindDefinition<T>;
  clock: Clock;
  logger: Logger;
}

/** Nothing was said about our revision, so the watch may go on from it; any other error asks for a new list. */
const isUnreachable = (error: unknown) => error instanceof StatusError && error.code === 503;

const RELIST_BACKOFF = { initialMs: 200, maxMs: 15_000 };

export class Informer<T extends KubeObject> implements Component {
  readonly #options: InformerOptions<T>;
  readonly #cache = new ObjectCache<T>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #revision = '0';
  #failures = 0;
  #running: { abort: AbortController; loop: Promise<void> } | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
  }

  get lister(): Lister<T> {
    return this.#cache;
  }

  /** Whether the first list is in the cache. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Everything of this kind up to this revision is in the cache. */
  get revision(): number {
    return Number(this.#revision);
  }

  /** Resolves when the first list is in the cache. */
  whenSynced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Adds what `byIndex` looks up by; may be called at any time. */
  addIndex(index: string, valuesOf: IndexFunction<T>): void {
    this.#cache.addIndex(index, valuesOf);
  }

  /** Tells the handler of all that is already known as added, then of every change; returns the way out. */
  subscribe(handler: InformerHandler<T>): () => void {
    for (const object of this.#cache.list()) this.#guard(() => handler.onAdd?.(object));
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  /** Begins to list; resolves when the first list is in the cache, or when stopped before that. */
  async start(): Promise<void> {
    if (this.#running) return this.whenSynced();
    const abort = new AbortController();
    const loop = this.#run(abort.signal);
    this.#running = { abort, loop };
    await Promise.race([this.whenSynced(), loop]);
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.abort.abort();
    await running?.loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let mustList = true;
    while (!signal.aborted) {
      try {
        if (mustList) await this.#list(signal);
        mustList = false;
        await this.#watch(signal);
      } catch (error) {
        mustList ||= !isUnreachable(error);
        if (!signal.aborted) await this.#pause(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.#options.client.list(this.#options.kind);
    if (signal.aborted) return;
    const listed = new Map(items.map((item) => [keyOf(item), item]));
    for (const known of this.#cache.list()) {
      if (listed.get(keyOf(known))?.metadata.uid !== known.metadata.uid) this.#remove(known);
    }
    for (const item of items) this.#put(item);
    this.#revision = resourceVersion;
    this.#isSynced = true;
    this.#synced.resolve();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const begunMs = this.#options.clock.monotonicMs();
    const options = { resourceVersion: this.#revision, signal };
    for await (const event of this.#options.client.watch(this.#options.kind, options)) {
      if (signal.aborted) return;
      this.#failures = 0;
      this.#apply(event);
    }
    const lastedMs = this.#options.clock.monotonicMs() - begunMs;
    // A server that ends every watch at once must not be asked in a busy loop.
    if (lastedMs < 1000 && !signal.aborted) await this.#pause('the watch ended at once', signal);
  }

  #apply({ type, object }: WatchEvent<T>): void {
    this.#revision = object.metadata.resourceVersion;
    if (type === 'DELETED') this.#remove(object);
    else if (type !== 'BOOKMARK') this.#put(object);
  }

  #put(object: T): void {
    const previous = this.#cache.get(keyOf(object));
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.#cache.put(object);
    for (const handler of this.#handlers) {
      this.#guard(() => (previous ? handler.onUpdate?.(object, previous) : handler.onAdd?.(object)));
    }
  }

  #remove(object: T): void {
    const key = keyOf(object);
    if (!this.#cache.get(key)) return;
    this.#cache.remove(key);
    for (const handler of this.#handlers) this.#guard(() => handler.onDelete?.(object));
  }

  /** One handler's mistake must not keep the others from hearing. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.logger.error({ err: error, kind: this.#options.kind.kind }, 'an informer handler failed');
    }
  }

  async #pause(cause: unknown, signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    const { clock, logger, kind } = this.#options;
    const delayMs = jitteredMs(exponentialBackoffMs(RELIST_BACKOFF, this.#failures));
    logger.warn({ err: cause, kind: kind.kind, delayMs }, 'list or watch broke off, trying again');
    await new Promise<void>((resolve) => {
      let timer: Timer | undefined;
      const end = () => {
        timer?.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      timer = clock.after(delayMs, end);
      signal.addEventListener('abort', end);
    });
  }
}
