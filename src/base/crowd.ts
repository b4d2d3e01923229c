// Things that come and go by the thousand each second. A Set would do, but for V8: each table that a Set outgrows refers
// to the next one, so that, once a dead table has been moved out of the young generation, all that are in the tables
// after it are moved too, and connections long closed wait for a full collection (measured: 0.9 KB for each).

/** Where something is in its crowd, until it leaves. */
export class Place<T> {
  readonly item: T;
  readonly #crowd: Crowd<T>;
  /** Of the crowd alone. */
  index: number;

  constructor(item: T, crowd: Crowd<T>, index: number) {
    this.item = item;
    this.#crowd = crowd;
    this.index = index;
  }

  /** Once, or more often: who has left stays so. */
  leave(): void {
    this.#crowd.remove(this);
  }
}

/** In no order. */
export class Crowd<T> {
  readonly #places: Place<T>[] = [];

  get size(): number {
    return this.#places.length;
  }

  add(item: T): Place<T> {
    const place = new Place(item, this, this.#places.length);
    this.#places.push(place);
    return place;
  }

  /** For its places: the last one moves to where the one that leaves was. */
  remove(place: Place<T>): void {
    const { index } = place;
    if (index < 0) return;
    place.index = -1;
    const last = this.#places.pop();
    if (last === undefined || last === place) return;
    this.#places[index] = last;
    last.index = index;
  }

  /** As it is now; who comes and goes later does not change it. */
  items(): T[] {
    return this.#places.map(({ item }) => item);
  }

  /** All leave. */
  takeAll(): T[] {
    const taken = this.#places.splice(0);
    for (const place of taken) place.index = -1;
    return taken.map(({ item }) => item);
  }
}
