// List-and-watch over retained topics: from a listing and items that come lost, twice, late or out of order to
// a set that was whole at some moment. It shows only such sets, never goes back within an epoch, and converges
// once everything retained has been delivered.
import type { Envelope, IndexEntry } from './messages.ts';

export interface Item<T> extends Envelope {
  uid: string;
  value: T;
}

export interface Listing extends Envelope {
  entries: ReadonlyMap<string, IndexEntry>;
}

export class CompleteSet<T> {
  #listing: Listing | undefined;
  /** The newest of each id, listed or not: an item may come before the listing that names it. */
  readonly #items = new Map<string, Item<T>>();
  /** Listed ids whose item has not come yet. */
  readonly #missing = new Set<string>();
  #epoch: string | undefined;
  /** Epochs that this session has left behind: what still arrives of them is late. */
  readonly #retired = new Set<string>();
  #current: ReadonlyMap<string, T> | undefined;

  /** The last complete set; `undefined` until there was one. A new map for every change. */
  get current(): ReadonlyMap<string, T> | undefined {
    return this.#current;
  }

  /**
   * A new connection: the master that answers now decides which epoch is the present one, and sends all that
   * is retained, so what no listing names need not be kept.
   */
  beginSession(): void {
    this.#retired.clear();
    for (const id of this.#items.keys()) this.remove(id);
  }

  /** Returns the ids whose value may have changed, or `undefined` while there is nothing new to show. */
  list(listing: Listing): ReadonlySet<string> | undefined {
    if (!this.#enter(listing.epoch)) return undefined;
    if (this.#listing?.epoch === listing.epoch && listing.revision < this.#listing.revision) return undefined;
    this.#listing = listing;
    this.#missing.clear();
    for (const id of listing.entries.keys()) this.#check(id);
    return this.#show();
  }

  /** As {@link list}, for one item. */
  put(id: string, item: Item<T>): ReadonlySet<string> | undefined {
    if (!this.#enter(item.epoch)) return undefined;
    const known = this.#items.get(id);
    if (known?.epoch === item.epoch) {
      if (item.revision < known.revision) return undefined;
      if (item.revision === known.revision && item.uid === known.uid) return undefined;
    }
    this.#items.set(id, item);
    this.#check(id);
    return this.#listing?.entries.has(id) ? this.#show() : undefined;
  }

  /** The item's topic is gone. What belongs to the set is the listing's to say, so a listed one stays. */
  remove(id: string): void {
    if (!this.#listing?.entries.has(id)) this.#items.delete(id);
  }

  /** False for a message of an epoch that is over. */
  #enter(epoch: string): boolean {
    if (this.#retired.has(epoch)) return false;
    if (this.#epoch !== undefined && this.#epoch !== epoch) this.#retired.add(this.#epoch);
    this.#epoch = epoch;
    return true;
  }

  #check(id: string): void {
    const entry = this.#listing?.entries.get(id);
    if (!entry) return;
    if (this.#isServedBy(entry, this.#items.get(id))) this.#missing.delete(id);
    else this.#missing.add(id);
  }

  #isServedBy(entry: IndexEntry, item: Item<T> | undefined): boolean {
    return (
      item !== undefined &&
      item.epoch === this.#listing?.epoch &&
      item.uid === entry.uid &&
      item.revision >= entry.revision
    );
  }

  #show(): ReadonlySet<string> | undefined {
    if (!this.#listing || this.#missing.size > 0) return undefined;
    const next = new Map<string, T>();
    for (const id of this.#listing.entries.keys()) {
      const item = this.#items.get(id);
      if (item) next.set(id, item.value);
    }
    const changed = differences(this.#current, next);
    if (this.#current && changed.size === 0) return undefined;
    this.#current = next;
    return changed;
  }
}

function differences<T>(
  before: ReadonlyMap<string, T> | undefined,
  after: ReadonlyMap<string, T>,
): Set<string> {
  const changed = new Set<string>();
  for (const [id, value] of after) if (before?.get(id) !== value) changed.add(id);
  for (const id of before?.keys() ?? []) if (!after.has(id)) changed.add(id);
  return changed;
}
