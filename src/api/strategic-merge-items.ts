// Finds the items of a merging list by their merge key, in constant time: a list may be as long as a body allows.
// Items that share a merge key (a Service's port 53 over TCP and over UDP) are told apart by the rest of their
// identity, where upstream takes the first for both: https://github.com/kubernetes/kubernetes/issues/105610
import { type Json, type JsonObject, ownValue } from './schema/json.ts';
import { cannotApply, mergeKeyOf, type PatchField } from './strategic-merge-meta.ts';

/** Far more than validation lets through; keeps the search among them from growing with the square. */
const MAX_SHARING = 100;

export class ItemIndex {
  readonly #field: PatchField;
  readonly #list: string;
  readonly #items: JsonObject[] = [];
  readonly #byKey = new Map<Json, number[]>();
  readonly #claimed = new Set<number>();

  /** `list` is the name of the list, for errors. */
  constructor(field: PatchField, list: string) {
    this.#field = field;
    this.#list = list;
  }

  /** Throws StatusError 400 for an item without its merge key, 422 where too many share one. */
  static of(items: readonly Json[], field: PatchField, list: string): ItemIndex {
    const index = new ItemIndex(field, list);
    for (const item of items) index.add(item);
    return index;
  }

  /** `isFound`: the item stands for one that was wanted and not there, so it is not found again. */
  add(item: Json, isFound = false): void {
    const key = mergeKeyOf(item, this.#field.mergeKey!, this.#list);
    const positions = this.#byKey.get(key);
    if (positions && positions.length >= MAX_SHARING) {
      throw cannotApply(`"${this.#list}" holds more than ${MAX_SHARING} items with the same merge key`);
    }
    if (positions) positions.push(this.#items.length);
    else this.#byKey.set(key, [this.#items.length]);
    if (isFound) this.#claimed.add(this.#items.length);
    this.#items.push(item as JsonObject);
  }

  /**
   * Position of the item that `wanted` means, -1 when there is none. `isShared`: more than one wanted item has this
   * merge key, so what is found must agree in all that `wanted` says of its identity, and is found once only.
   */
  find(wanted: Json, isShared: boolean): number {
    const positions = this.#byKey.get(mergeKeyOf(wanted, this.#field.mergeKey!, this.#list)) ?? [];
    if (!isShared && positions.length < 2) return positions[0] ?? -1;
    const found = this.#closest(positions, wanted as JsonObject);
    if (!isShared) return found ?? positions[0]!;
    if (found !== undefined) this.#claimed.add(found);
    return found ?? -1;
  }

  #closest(positions: readonly number[], wanted: JsonObject): number | undefined {
    const all = this.#field.identityKeys;
    const said = all.filter((key) => Object.hasOwn(wanted, key));
    const free = positions.filter((position) => !this.#claimed.has(position));
    return (
      free.find((position) => this.#agrees(position, wanted, all)) ??
      free.find((position) => this.#agrees(position, wanted, said))
    );
  }

  #agrees(position: number, wanted: JsonObject, keys: readonly string[]): boolean {
    return keys.every((key) => ownValue(this.#items[position]!, key) === ownValue(wanted, key));
  }
}

/** The merge key and what else of its identity the item says. */
export function identityOf(field: PatchField, item: JsonObject): JsonObject {
  const keys = [field.mergeKey!, ...field.identityKeys].filter(
    (key) => (ownValue(item, key) ?? null) !== null,
  );
  return Object.fromEntries(keys.map((key) => [key, item[key]!]));
}

/** The keys that occur more than once. */
export function repeated(keys: readonly Json[]): ReadonlySet<Json> {
  const seen = new Set<Json>();
  return new Set(keys.filter((key) => seen.has(key) || !seen.add(key)));
}
