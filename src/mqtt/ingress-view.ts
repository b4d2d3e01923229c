// The agent's picture of ingress/…: the Ingresses that boards serve, shown only as complete sets.
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import { ChangeListeners } from './change-listeners.ts';
import { CompleteSet } from './complete-set.ts';
import type { IngressIndex, IngressMessage } from './messages.ts';

export class IngressView {
  readonly #set = new CompleteSet<BoardIngress>();
  readonly #listeners = new ChangeListeners<ReadonlyMap<string, BoardIngress>>();

  /** By `namespace/name`; `undefined` until a complete set has been seen. */
  current(): ReadonlyMap<string, BoardIngress> | undefined {
    return this.#set.current;
  }

  /** `listener` gets the whole set. */
  onChange(listener: (ingresses: ReadonlyMap<string, BoardIngress>) => void): () => void {
    return this.#listeners.add(listener);
  }

  beginSession(): void {
    this.#set.beginSession();
  }

  index({ epoch, revision, ingresses }: IngressIndex): void {
    this.#show(this.#set.list({ epoch, revision, entries: new Map(Object.entries(ingresses)) }));
  }

  put(message: IngressMessage): void {
    const { epoch, revision, uid, key } = message;
    this.#show(this.#set.put(key, { epoch, revision, uid, value: message }));
  }

  /** The topic of an Ingress is gone. */
  removed(key: string): void {
    this.#set.remove(key);
  }

  #show(changed: ReadonlySet<string> | undefined): void {
    const current = this.#set.current;
    if (changed && current) this.#listeners.notify(current);
  }
}
