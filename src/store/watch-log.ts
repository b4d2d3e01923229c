// The last changes in memory, and who wants to hear of the next: every subscriber sees every change once, in order.
// What moves all the time (a lease that is renewed) pushes nothing out of the history: who comes back hears its last.
import { expired } from '../api/status-error.ts';
import type { StoreEvent } from './store.ts';

type Listener = (events: readonly StoreEvent[]) => void;

interface Subscriber {
  prefix: string;
  /** Revision up to which it has seen everything. */
  seen: number;
  onEvents: Listener;
}

export class WatchLog {
  readonly #capacity: number;
  readonly #onListenerError: (error: Error) => void;
  #events: StoreEvent[] = [];
  /** By key, those of a key as one: the object before the first of them and after the last. */
  readonly #moving = new Map<string, StoreEvent>();
  readonly #subscribers = new Set<Subscriber>();
  #oldest = 0;
  #revision = 0;

  /** Keeps at least `capacity` changes, at most twice as many. */
  constructor(capacity: number, onListenerError: (error: Error) => void) {
    this.#capacity = capacity;
    this.#onListenerError = onListenerError;
  }

  /** Begins an empty history after `revision`. */
  reset(revision: number): void {
    this.#events = [];
    this.#moving.clear();
    this.#subscribers.clear();
    this.#oldest = revision;
    this.#revision = revision;
  }

  get oldestRevision(): number {
    return this.#oldest;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Takes changes in revision order into the history; `notify` tells of them. */
  append(events: readonly StoreEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    for (const event of events) this.#keep(event);
    this.#revision = last.revision;
    // Trimmed in halves, so that a change costs no memmove of the whole history.
    if (this.#events.length > this.#capacity * 2) {
      const dropped = this.#events.length - this.#capacity;
      this.#oldest = (this.#events[dropped - 1] as StoreEvent).revision;
      this.#events = this.#events.slice(dropped);
    }
  }

  notify(events: readonly StoreEvent[]): void {
    for (const subscriber of this.#subscribers) {
      try {
        deliver(subscriber, events, this.#revision);
      } catch (error) {
        this.#onListenerError(error as Error);
      }
    }
  }

  subscribe(prefix: string, afterRevision: number, onEvents: Listener): () => void {
    if (afterRevision < this.#oldest || afterRevision > this.#revision)
      throw expired(`too old resource version: ${afterRevision} (${this.#oldest})`);
    const subscriber = { prefix, seen: afterRevision, onEvents };
    this.#subscribers.add(subscriber);
    const stop = () => this.#subscribers.delete(subscriber);
    try {
      deliver(subscriber, this.#historyAfter(afterRevision, prefix), this.#revision);
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  #keep(event: StoreEvent): void {
    const { key, moving } = event;
    const known = this.#moving.get(key);
    if (moving) this.#moving.set(key, known ? { ...event, previous: known.previous } : event);
    else {
      this.#moving.delete(key);
      this.#events.push(event);
    }
  }

  #historyAfter(revision: number, prefix: string): readonly StoreEvent[] {
    const kept = this.#events.slice(this.#firstAfter(revision));
    const moved = [...this.#moving.values()].filter((e) => e.revision > revision && e.key.startsWith(prefix));
    return moved.length === 0 ? kept : [...kept, ...moved].sort((a, b) => a.revision - b.revision);
  }

  #firstAfter(revision: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle] as StoreEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function deliver(subscriber: Subscriber, events: readonly StoreEvent[], upTo: number): void {
  const wanted = events.filter((e) => e.revision > subscriber.seen && e.key.startsWith(subscriber.prefix));
  subscriber.seen = upTo;
  if (wanted.length > 0) subscriber.onEvents(wanted);
}
