// Removes objects that outlive their kind's time (Events: one hour after their last write) and the oldest ones
// beyond a bound. One timer, set only while there is something that will expire.
import type { KindDefinition } from '../api/scheme.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Store, StoreEvent } from '../store/store.ts';
import { storePrefix } from './registry/keys.ts';

/** A sweep now and then is enough; a timer per Event would wake the board all the time. */
const MIN_SWEEP_INTERVAL_MS = 60_000;
/** About 1 KB each in memory. */
const MAX_OBJECTS = 5_000;

export class ExpiringObjects implements Component {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #kind: KindDefinition;
  readonly #timeToLiveMs: number;
  /** Store key → when it was written last, the oldest first. */
  readonly #writtenMs = new Map<string, number>();
  #timer: Timer | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(store: Store, clock: Clock, logger: Logger, kind: KindDefinition, timeToLiveMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#kind = kind;
    this.#timeToLiveMs = timeToLiveMs;
  }

  async start(): Promise<void> {
    const prefix = storePrefix(this.#kind);
    for (const { key } of this.#store.list(prefix)) this.#writtenMs.set(key, this.#clock.monotonicMs());
    this.#unsubscribe = this.#store.watch(prefix, this.#store.revision, (events) => this.#take(events));
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #take(events: readonly StoreEvent[]): void {
    for (const { type, key } of events) {
      this.#writtenMs.delete(key);
      if (type !== 'DELETED') this.#writtenMs.set(key, this.#clock.monotonicMs());
    }
    for (const key of this.#writtenMs.keys()) {
      if (this.#writtenMs.size <= MAX_OBJECTS) break;
      this.#remove(key);
    }
    this.#arm();
  }

  #arm(): void {
    const oldestMs = this.#writtenMs.values().next().value;
    if (this.#timer || oldestMs === undefined) return;
    const delayMs = oldestMs + this.#timeToLiveMs - this.#clock.monotonicMs();
    this.#timer = this.#clock.after(Math.max(delayMs, MIN_SWEEP_INTERVAL_MS), () => this.#sweep());
  }

  #sweep(): void {
    this.#timer = undefined;
    const deadlineMs = this.#clock.monotonicMs() - this.#timeToLiveMs;
    for (const [key, writtenMs] of this.#writtenMs) {
      if (writtenMs > deadlineMs) break;
      this.#remove(key);
    }
    this.#arm();
  }

  #remove(key: string): void {
    this.#writtenMs.delete(key);
    const decide: Parameters<Store['write']>[1] = (current, revision) => {
      if (!current) return undefined;
      const { value } = current;
      return { remove: { ...value, metadata: { ...value.metadata, resourceVersion: String(revision) } } };
    };
    this.#store.write(key, decide, { volatile: this.#kind.volatile ?? false }).catch((error: unknown) => {
      this.#logger.error({ key, error: String(error) }, 'an expired object could not be removed');
    });
  }
}
