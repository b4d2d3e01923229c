// The subscribers of one source of changes.

export class ChangeListeners<T> {
  readonly #listeners = new Set<(change: T) => void>();

  /** Returns the way to unsubscribe. */
  add(listener: (change: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  notify(change: T): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
