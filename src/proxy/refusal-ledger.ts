// What has been told of ports that cannot be forwarded: each once, again when it comes back, and from time to time
// while it lasts, as an Event is kept for an hour only.
import type { Refusal } from './forwarder-plan.ts';

const TELL_AGAIN_AFTER_MS = 30 * 60_000;

export class RefusalLedger {
  /** When each was told last. */
  readonly #toldMs = new Map<string, number>();

  /** `refusals`: all there are. Returns those that are to be told. `nowMs` is monotonic. */
  news(refusals: readonly Refusal[], nowMs: number): Refusal[] {
    const current = new Map(
      refusals.map((refusal) => [`${refusal.subject.uid} ${refusal.message}`, refusal]),
    );
    for (const id of this.#toldMs.keys()) if (!current.has(id)) this.#toldMs.delete(id);
    const due = [...current].filter(([id]) => nowMs - this.#lastMs(id) >= TELL_AGAIN_AFTER_MS);
    for (const [id] of due) this.#toldMs.set(id, nowMs);
    return due.map(([, refusal]) => refusal);
  }

  #lastMs(id: string): number {
    return this.#toldMs.get(id) ?? Number.NEGATIVE_INFINITY;
  }
}
