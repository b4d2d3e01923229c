// Combines events that differ in their message only: from the tenth within ten minutes on they are one event, whose
// count rises and which shows the newest of the messages, as client-go's EventAggregator has it.
// Source: client-go tools/record/events_cache.go EventAggregator
import type { Clock } from '../base/clock.ts';

/** How many messages of one kind of happening are told one by one. */
const MOST_ALONE = 10;
/** After such a silence the next is told by itself again. */
const QUIET_MS = 600_000;
/** Kinds of happenings remembered; the one unheard of for the longest is forgotten first. */
const MAX_KINDS = 1024;

interface Similar {
  /** In the order in which they came. */
  messages: Set<string>;
  lastMs: number;
}

export class SimilarEvents {
  readonly #clock: Clock;
  readonly #byKind = new Map<string, Similar>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes one more message of a kind of happening: whether it is to be told as one with those before it. */
  isCombined(kind: string, message: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#byKind.get(kind);
    const isFresh = known !== undefined && nowMs - known.lastMs <= QUIET_MS;
    const messages = isFresh ? known.messages : new Set<string>();
    messages.add(message);
    this.#remember(kind, { messages, lastMs: nowMs });
    if (messages.size < MOST_ALONE) return false;
    const [oldest = ''] = messages;
    messages.delete(oldest);
    return true;
  }

  #remember(kind: string, similar: Similar): void {
    this.#byKind.delete(kind);
    this.#byKind.set(kind, similar);
    const oldest = this.#byKind.keys().next().value;
    if (this.#byKind.size > MAX_KINDS && oldest !== undefined) this.#byKind.delete(oldest);
  }
}
