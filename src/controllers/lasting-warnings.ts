// Holds back warnings of what is often over in a moment until it has lasted: where one manifest has an Ingress and the
// Secret that it names, the Secret comes right behind it, and an Event would tell of nothing.
import type { IngressWarning } from '../api/ingress/ingress-problems.ts';

export interface LastingWarningsOptions {
  /** Reasons of those that are held back. */
  reasons: readonly string[];
  holdMs: number;
}

export interface Sifted {
  /** To be told now, in the order given. */
  warnings: IngressWarning[];
  /** When to sift again, though nothing changes; `undefined` = none is held back. */
  againInMs: number | undefined;
}

export class LastingWarnings {
  readonly #options: LastingWarningsOptions;
  /** By the object's key and a warning's message: since when it is so. */
  readonly #sinceMs = new Map<string, ReadonlyMap<string, number>>();

  constructor(options: LastingWarningsOptions) {
    this.#options = options;
  }

  /** `warnings` are all of the object's, at a time of the clock that never jumps. */
  sift(key: string, warnings: readonly IngressWarning[], nowMs: number): Sifted {
    const { reasons, holdMs } = this.#options;
    const before = this.#sinceMs.get(key);
    const passing = warnings.filter(({ reason }) => reasons.includes(reason));
    const since = new Map(passing.map(({ message }) => [message, before?.get(message) ?? nowMs]));
    if (since.size > 0) this.#sinceMs.set(key, since);
    else this.forget(key);
    const leftMs = ({ message }: IngressWarning) => holdMs - (nowMs - (since.get(message) ?? nowMs - holdMs));
    const held = warnings.map(leftMs).filter((ms) => ms > 0);
    return {
      warnings: warnings.filter((warning) => leftMs(warning) <= 0),
      againInMs: held.length > 0 ? Math.min(...held) : undefined,
    };
  }

  forget(key: string): void {
    this.#sinceMs.delete(key);
  }
}
