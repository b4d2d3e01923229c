// The agent's picture of ingress/…: the Ingresses that boards serve, shown only as complete sets.
import type { BoardIngress } from '../api/ingress/board-ingress.ts';
import { ChangeListeners } from './change-listeners.ts';
import { CompleteSet } from './complete-set.ts';
import type { IngressIndex, IngressMessage } from './messages.ts';

export class IngressView {
  readonly #set = new CompleteSet<BoardIngress>();
  readonly #listeners = new ChangeListeners<ReadonlyMap<string, BoardIngress>>();

  #restored: ReadonlyMap<string, BoardIngress> | undefined;

  /** By `namespace/name`; `undefined` until a complete set has been seen, or one of before was restored. */
  current(): ReadonlyMap<string, BoardIngress> | undefined {
    return this.#set.current ?? this.#restored;
  }

  /** What was known before a restart; stands until the first complete set. */
  restore(ingresses: readonly BoardIngress[]): void {
    if (this.current()) return;
    this.#restored = new Map(ingresses.map((ingress) => [ingress.key, ingress]));
    this.#listeners.notify(this.#restored);
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
    if (!changed || !current) return;
    this.#restored = undefined;
    this.#listeners.notify(current);
  }
}
