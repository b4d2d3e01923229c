// What has been told of ports that cannot be forwarded: each once, and again when it comes back.
import type { Refusal } from './forwarder-plan.ts';

export class RefusalLedger {
  readonly #told = new Set<string>();

  /** `refusals`: all there are. Returns those that are news. */
  news(refusals: readonly Refusal[]): Refusal[] {
    const current = new Map(
      refusals.map((refusal) => [`${refusal.subject.uid} ${refusal.message}`, refusal]),
    );
    for (const id of this.#told) if (!current.has(id)) this.#told.delete(id);
    const fresh = [...current].filter(([id]) => !this.#told.has(id));
    for (const [id] of fresh) this.#told.add(id);
    return fresh.map(([, refusal]) => refusal);
  }
}
