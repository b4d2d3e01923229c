// The agent's picture of services/…: every Service with its EndpointSlices, shown only as complete sets.
import type { BoardService, BoardSlice } from '../api/board-service.ts';
import { ChangeListeners } from './change-listeners.ts';
import { CompleteSet } from './complete-set.ts';
import type { ServiceMessage, ServicesIndex, SliceMessage } from './messages.ts';

export class ServicesView {
  readonly #set = new CompleteSet<ServiceMessage | SliceMessage>();
  readonly #listeners = new ChangeListeners<ReadonlySet<string>>();
  #current: ReadonlyMap<string, BoardService> | undefined;

  /** All Services by `namespace/name`; `undefined` until a complete set has been seen. */
  current(): ReadonlyMap<string, BoardService> | undefined {
    return this.#current;
  }

  /** `listener` gets the keys of the Services that may have changed. */
  onChange(listener: (keys: ReadonlySet<string>) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** What was known before a restart; stands until the first complete set. */
  restore(services: readonly BoardService[]): void {
    if (this.#current) return;
    this.#current = new Map(services.map((service) => [service.key, service]));
    this.#listeners.notify(new Set(this.#current.keys()));
  }

  beginSession(): void {
    this.#set.beginSession();
  }

  index({ epoch, revision, services }: ServicesIndex): void {
    this.#show(this.#set.list({ epoch, revision, entries: new Map(Object.entries(services)) }));
  }

  put(message: ServiceMessage | SliceMessage): void {
    const { epoch, revision, uid, key } = message;
    this.#show(this.#set.put(key, { epoch, revision, uid, value: message }));
  }

  /** The topic of a Service or a slice is gone. */
  removed(id: string): void {
    this.#set.remove(id);
  }

  #show(changed: ReadonlySet<string> | undefined): void {
    if (!changed) return;
    const keys = new Set([...changed].map(serviceKeyOf));
    this.#current = assemble(this.#set.current ?? new Map(), this.#current, keys);
    this.#listeners.notify(keys);
  }
}

/** `namespace/name` of `namespace/name` and of `namespace/name/slice`. */
const serviceKeyOf = (id: string) => id.split('/', 2).join('/');

/** What did not change stays the same object, so that readers can tell. */
function assemble(
  messages: ReadonlyMap<string, ServiceMessage | SliceMessage>,
  before: ReadonlyMap<string, BoardService> | undefined,
  changed: ReadonlySet<string>,
): Map<string, BoardService> {
  const slices = new Map<string, BoardSlice[]>();
  const services = new Map<string, ServiceMessage>();
  for (const [id, message] of messages) {
    if ('spec' in message) services.set(id, message);
    else slices.set(serviceKeyOf(id), [...(slices.get(serviceKeyOf(id)) ?? []), message]);
  }
  const assembled = new Map<string, BoardService>();
  for (const [key, service] of services) {
    const known = changed.has(key) ? undefined : before?.get(key);
    assembled.set(key, known ?? { ...service, slices: slices.get(key) ?? [] });
  }
  return assembled;
}
