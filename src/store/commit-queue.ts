// Group commit: writes that arrive while a commit is under way share the next one, and all become visible in
// the order in which they were added. After a failed commit nothing is taken any more; a refused one rejects what it held
// and what was decided on top of it, and the next one may come.

interface Pending<T> {
  item: T;
  resolve(): void;
  reject(error: Error): void;
}

interface CommitSteps<T> {
  /** Makes the items durable, all or none. */
  commit(items: readonly T[]): Promise<void>;
  /** Makes the items visible; must not throw. */
  publish(items: readonly T[]): void;
  /** Whether the commit was refused before anything was written. */
  isRefusal(error: Error): boolean;
  /** Undoes what add() was preceded by. */
  forget(items: readonly T[]): void;
  onFatal(error: Error): void;
}

export class CommitQueue<T> {
  readonly #steps: CommitSteps<T>;
  #waiting: Pending<T>[] = [];
  #running: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(steps: CommitSteps<T>) {
    this.#steps = steps;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves once `item` is durable and visible. */
  add(item: T): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves once nothing waits any more; never rejects. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Refuses everything from now on with `error`. */
  close(error: Error): void {
    this.#failure ??= error;
  }

  async #run(): Promise<void> {
    // One turn later, so that all writes of the same turn share the first commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commitAll();
    this.#running = undefined;
  }

  async #commitAll(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    const items = batch.map((pending) => pending.item);
    try {
      await this.#steps.commit(items);
    } catch (error) {
      const refused = [...batch, ...this.#waiting.splice(0)];
      this.#steps.forget(refused.map((pending) => pending.item));
      if (!this.#steps.isRefusal(error as Error)) this.#failure = error as Error;
      for (const pending of refused) pending.reject(error as Error);
      if (this.#failure) this.#steps.onFatal(this.#failure);
      return;
    }
    this.#steps.publish(items);
    for (const pending of batch) pending.resolve();
  }
}
