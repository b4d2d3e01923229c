// Views of a buffer, kept by their size: requests and answers come in a few sizes. One made for each message is garbage,
// which with many busy connections pushes what they need out of the processor's caches.

const KEPT = 64;

export class KeptViews {
  readonly #buffer: Uint8Array;
  readonly #start: number;
  readonly #bySize: (Uint8Array | undefined)[] = [];

  /** Of what stands in `buffer` from `start` on. */
  constructor(buffer: Uint8Array, start: number) {
    this.#buffer = buffer;
    this.#start = start;
  }

  /** The first `count` bytes. */
  first(count: number): Uint8Array {
    const slot = count % KEPT;
    const known = this.#bySize[slot];
    if (known?.length === count) return known;
    const view = this.#buffer.subarray(this.#start, this.#start + count);
    this.#bySize[slot] = view;
    return view;
  }
}
