// The newest message of one topic (network/peers): older ones of the same epoch are ignored.
import { ChangeListeners } from './change-listeners.ts';
import type { Envelope } from './messages.ts';

export class LatestView<T extends Envelope> {
  #current: T | undefined;
  readonly #listeners = new ChangeListeners<T>();

  current(): T | undefined {
    return this.#current;
  }

  onChange(listener: (message: T) => void): () => void {
    return this.#listeners.add(listener);
  }

  put(message: T): void {
    const known = this.#current;
    if (known?.epoch === message.epoch && message.revision <= known.revision) return;
    this.#current = message;
    this.#listeners.notify(message);
  }
}
