// One watcher's view of the store: events that match its selection, in order, handed out in batches. What enters
// the selection is ADDED, what leaves it DELETED. A watcher that falls too far behind is ended with Expired, so
// it cannot hold the server's memory.
import type { KubeObject } from '../../api/objects.ts';
import { expired } from '../../api/status-error.ts';
import type { StoreEvent } from '../../store/store.ts';
import type { Selection } from './selection.ts';

export interface ObjectEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
}

/** Events that may wait for one watcher, beside those it started with. */
const MAX_WAITING_EVENTS = 10_000;

export class WatchStream {
  #waiting: ObjectEvent[];
  readonly #selection: Selection;
  readonly #shown: (object: KubeObject) => KubeObject;
  #unsubscribe: () => void = () => {};
  #wake: (() => void) | undefined;
  #ended = false;
  #failure: Error | undefined;
  #limit: number;

  /** `initial` comes first, whatever its number; `shown` gives an object the form that the watcher asked for. */
  constructor(
    selection: Selection,
    initial: ObjectEvent[],
    shown: (object: KubeObject) => KubeObject = (object) => object,
  ) {
    this.#selection = selection;
    this.#shown = shown;
    this.#waiting = initial;
    this.#limit = initial.length + MAX_WAITING_EVENTS;
  }

  /** Joins the stream to its source; `subscribe` may call back at once with history. */
  open(subscribe: (onEvents: (events: readonly StoreEvent[]) => void) => () => void): this {
    this.#unsubscribe = subscribe((events) => this.#take(events));
    if (this.#ended) this.#unsubscribe();
    return this;
  }

  /** Events are there that `next()` would give at once. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** What the stream began with; call it before the first `next()` and before anything else is awaited. */
  takeInitial(): ObjectEvent[] {
    const initial = this.#waiting;
    this.#waiting = [];
    this.#limit = MAX_WAITING_EVENTS;
    return initial;
  }

  /** Ends the stream; a waiting `next()` resolves with `undefined`. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    this.#wake?.();
  }

  /**
   * The next events, at least one; `undefined` once closed. One caller at a time.
   * @throws StatusError Expired when the watcher fell behind.
   */
  async next(): Promise<ObjectEvent[] | undefined> {
    while (this.#waiting.length === 0 || this.#failure) {
      if (this.#failure) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#ended) return undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#limit = MAX_WAITING_EVENTS;
    return batch;
  }

  #take(events: readonly StoreEvent[]): void {
    for (const event of events) {
      const seen = this.#seen(event);
      if (seen) this.#waiting.push({ type: seen.type, object: this.#shown(seen.object) });
    }
    if (this.#waiting.length > this.#limit) this.#fall();
    if (this.#waiting.length > 0 || this.#failure) this.#wake?.();
  }

  #fall(): void {
    this.#failure = expired('the watcher fell too far behind: list again and watch from there');
    this.#waiting = [];
    this.close();
  }

  /** The event as somebody with this selection sees it. */
  #seen(event: StoreEvent): ObjectEvent | undefined {
    const before = event.previous !== undefined && this.#selection.matches(event.previous);
    const after = event.type !== 'DELETED' && this.#selection.matches(event.value);
    if (after) return { type: before ? 'MODIFIED' : 'ADDED', object: event.value };
    if (!before) return undefined;
    return { type: 'DELETED', object: event.type === 'DELETED' ? event.value : left(event) };
  }
}

/** Upstream gives the last state that matched, with the revision at which it ceased to. */
function left(event: StoreEvent): KubeObject {
  const previous = event.previous ?? event.value;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion: String(event.revision) } };
}
