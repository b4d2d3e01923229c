// Gives out numbers of a range, each at most once at a time. It goes round, so a number that was just given back
// is the last to be given out again: nobody who still holds it meets a stranger there.

export interface NumberRange {
  first: number;
  last: number;
}

export class NumberAllocator {
  readonly #range: NumberRange;
  readonly #dynamic: NumberRange;
  readonly #taken = new Set<number>();
  #next: number;

  /** `next()` gives numbers of `dynamic` first, which lies within `range`; `random` picks where it begins. */
  constructor(range: NumberRange, dynamic: NumberRange, random: () => number) {
    this.#range = range;
    this.#dynamic = dynamic;
    this.#next = dynamic.first + Math.floor(random() * (dynamic.last - dynamic.first + 1));
  }

  /** As people write it. */
  get range(): string {
    return `${this.#range.first}-${this.#range.last}`;
  }

  contains(value: number): boolean {
    return value >= this.#range.first && value <= this.#range.last;
  }

  /** False when it is taken already. */
  claim(value: number): boolean {
    if (this.#taken.has(value)) return false;
    this.#taken.add(value);
    return true;
  }

  release(value: number): void {
    this.#taken.delete(value);
  }

  /** Nothing is held any more. */
  clear(): void {
    this.#taken.clear();
  }

  /** `undefined` when the range is full. */
  next(): number | undefined {
    return this.#search(this.#dynamic) ?? this.#search(this.#range);
  }

  #search({ first, last }: NumberRange): number | undefined {
    const size = last - first + 1;
    const start = this.#next >= first && this.#next <= last ? this.#next : first;
    for (let i = 0; i < size; i++) {
      const value = first + ((start - first + i) % size);
      if (this.claim(value)) {
        this.#next = value + 1;
        return value;
      }
    }
    return undefined;
  }
}
