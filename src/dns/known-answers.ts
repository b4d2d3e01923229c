// Whole answers by whole questions: who asks what was asked before gets the same bytes under his own id. So most
// of what resolvers ask, in the same few forms over and over, is answered without being read. Bounded.

/** Some 300 bytes each. A flood of names that nobody has begins anew each time, and stays as small. */
const MAX_ANSWERS = 500;
/** The id is each question's own. */
const ID_BYTES = 2;
/** Longer ones are no ordinary questions, and would let few fill the memory. */
const MAX_QUESTION_BYTES = 128;

export class KnownAnswers {
  readonly #answers = new Map<string, { bytes: Uint8Array; untilMs: number }>();

  get size(): number {
    return this.#answers.size;
  }

  /** `nowMs` is monotonic. */
  get(query: Buffer, nowMs: number): Buffer | undefined {
    if (this.#answers.size === 0 || query.length > MAX_QUESTION_BYTES) return undefined;
    const known = this.#answers.get(keyOf(query));
    if (!known || known.untilMs <= nowMs) return undefined;
    const response = Buffer.allocUnsafe(known.bytes.length);
    response.set(known.bytes);
    response[0] = query[0] ?? 0;
    response[1] = query[1] ?? 0;
    return response;
  }

  /** `response` must hold until then, or until clear() is called. */
  put(query: Buffer, response: Buffer, untilMs = Number.POSITIVE_INFINITY): void {
    if (query.length > MAX_QUESTION_BYTES) return;
    if (this.#answers.size >= MAX_ANSWERS) this.clear();
    // A copy of its own: a slice would keep the block of memory that it was cut from.
    this.#answers.set(keyOf(query), { bytes: new Uint8Array(response), untilMs });
  }

  clear(): void {
    this.#answers.clear();
  }
}

const keyOf = (query: Buffer): string => query.toString('latin1', ID_BYTES);
