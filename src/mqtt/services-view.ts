// The agent's picture of services/…: every Service with its ready endpoints, shown only as complete sets.
import { ChangeListeners } from './change-listeners.ts';
import { CompleteSet } from './complete-set.ts';
import type { ServiceMessage, ServicesIndex } from './messages.ts';

export class ServicesView {
  readonly #set = new CompleteSet<ServiceMessage>();
  readonly #listeners = new ChangeListeners<ReadonlySet<string>>();

  /** All Services by `namespace/name`; `undefined` until a complete set has been seen. */
  current(): ReadonlyMap<string, ServiceMessage> | undefined {
    return this.#set.current;
  }

  /** `listener` gets the keys of the Services that may have changed. */
  onChange(listener: (keys: ReadonlySet<string>) => void): () => void {
    return this.#listeners.add(listener);
  }

  beginSession(): void {
    this.#set.beginSession();
  }

  index({ epoch, revision, services }: ServicesIndex): void {
    this.#notify(this.#set.list({ epoch, revision, entries: new Map(Object.entries(services)) }));
  }

  service(message: ServiceMessage): void {
    const { epoch, revision, uid, key } = message;
    this.#notify(this.#set.put(key, { epoch, revision, uid, value: message }));
  }

  /** The topic of a Service is gone. */
  removed(key: string): void {
    this.#set.remove(key);
  }

  #notify(changed: ReadonlySet<string> | undefined): void {
    if (changed) this.#listeners.notify(changed);
  }
}
