// The part of a three-way patch that is about one merging list: single items set and deleted, and the order where
// it matters.
import { type Json, type JsonObject, jsonEqual } from './schema/json.ts';
import { DELETE_PREFIX, PATCH_DIRECTIVE, SET_ORDER_PREFIX } from './strategic-merge-directives.ts';
import { ItemIndex, identityOf, repeated } from './strategic-merge-items.ts';
import { holdsObjects, mergeKeyOf, type PatchField } from './strategic-merge-meta.ts';

interface ThreeLists {
  original: readonly Json[];
  modified: readonly Json[];
  current: readonly Json[];
}

/** What changes in one item, `{}` when nothing does. */
type DiffItem = (three: { original: JsonObject; modified: JsonObject; current: JsonObject }) => JsonObject;

/** The members that the patch of the surrounding object gets: none when the list stays. `name` is the field's. */
export function diffList(field: PatchField, name: string, lists: ThreeLists, diffItem: DiffItem): JsonObject {
  const { original, modified, current } = lists;
  const objects = field.mergeKey !== undefined && holdsObjects(name, original, modified, current);
  return objects ? new ObjectListDiff(field, name, lists).run(diffItem) : diffScalars(name, lists);
}

/** Lists of scalars that join, such as finalizers. */
function diffScalars(name: string, { original, modified, current }: ThreeLists): JsonObject {
  const wanted = new Set(modified);
  const there = new Set(current);
  const added = modified.filter((item) => !there.has(item));
  const gone = [...new Set(original)].filter((item) => !wanted.has(item) && there.has(item));
  const patch: JsonObject = {};
  if (added.length > 0) patch[name] = added;
  if (gone.length > 0) patch[`${DELETE_PREFIX}${name}`] = gone;
  const changed = added.length > 0 || gone.length > 0 || !keepsOrder(modified, current);
  if (changed && modified.length > 0) patch[`${SET_ORDER_PREFIX}${name}`] = [...modified];
  return patch;
}

class ObjectListDiff {
  readonly #field: PatchField;
  readonly #name: string;
  readonly #lists: ThreeLists;
  /** Items of `current` that a wanted item has met are claimed here, so the deletions look at the rest. */
  readonly #there: ItemIndex;
  /** Merge keys that stand for several items in one of the lists. */
  readonly #shared: ReadonlySet<Json>;

  constructor(field: PatchField, name: string, lists: ThreeLists) {
    this.#field = field;
    this.#name = name;
    this.#lists = lists;
    this.#there = ItemIndex.of(lists.current, field, name);
    const all = [lists.original, lists.modified, lists.current];
    this.#shared = new Set(all.flatMap((list) => [...repeated(list.map(this.#keyOf))]));
  }

  run(diffItem: DiffItem): JsonObject {
    const { modified, current } = this.#lists;
    const changes = this.#changes(diffItem);
    const deletions = this.#deletions();
    const changed = modified.filter((_, index) => Object.keys(changes[index]!).length > 0);
    const touched = new Set([...changed, ...deletions].map(this.#keyOf));
    const patch: JsonObject = {};
    if (touched.size > 0) patch[this.#name] = [...this.#patchItems(changes, touched), ...deletions];
    const sameOrder = keepsOrder(modified.map(this.#keyOf), current.map(this.#keyOf));
    if (modified.length > 0 && (touched.size > 0 || !sameOrder)) {
      const key = this.#field.mergeKey!;
      patch[`${SET_ORDER_PREFIX}${this.#name}`] = modified.map((item) => ({ [key]: this.#keyOf(item) }));
    }
    return patch;
  }

  readonly #keyOf = (item: Json): Json => mergeKeyOf(item, this.#field.mergeKey!, this.#name);

  /** For each wanted item what changes in it, or all of it where it is new; `{}` where it stays. */
  #changes(diffItem: DiffItem): JsonObject[] {
    const { original, modified, current } = this.#lists;
    const before = ItemIndex.of(original, this.#field, this.#name);
    return (modified as readonly JsonObject[]).map((item) => {
      const isShared = this.#shared.has(this.#keyOf(item));
      const from = (original[before.find(item, isShared)] ?? {}) as JsonObject;
      const to = current[this.#there.find(item, isShared)] as JsonObject | undefined;
      return to ? diffItem({ original: from, modified: item, current: to }) : item;
    });
  }

  /** Directives for what was applied before, is wanted no more and still there. */
  #deletions(): JsonObject[] {
    const { original, modified, current } = this.#lists;
    const wanted = ItemIndex.of(modified, this.#field, this.#name);
    const deletions: JsonObject[] = [];
    for (const item of original) {
      const isShared = this.#shared.has(this.#keyOf(item));
      if (wanted.find(item, isShared) >= 0) continue;
      const gone = current[this.#there.find(item, isShared)] as JsonObject | undefined;
      if (gone) deletions.push({ [PATCH_DIRECTIVE]: 'delete', ...identityOf(this.#field, gone) });
    }
    return deletions;
  }

  /**
   * Changed items with their identity and what changes. Those that share a touched merge key are sent with all that
   * they say: a server may have to delete all that have the key to delete one.
   */
  #patchItems(changes: readonly JsonObject[], touched: ReadonlySet<Json>): JsonObject[] {
    const items: JsonObject[] = [];
    for (const [index, item] of (this.#lists.modified as readonly JsonObject[]).entries()) {
      const change = changes[index]!;
      const key = this.#keyOf(item);
      if (this.#shared.has(key) && touched.has(key)) items.push({ ...item, ...cleared(change) });
      else if (Object.keys(change).length > 0) items.push({ ...change, ...identityOf(this.#field, item) });
    }
    return items;
  }
}

const cleared = (change: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value === null));

/** Whether the wanted items stand in `current` in their order, whatever others stand between them. */
function keepsOrder(wanted: readonly Json[], current: readonly Json[]): boolean {
  const named = new Set(wanted);
  const there = new Set(current);
  return jsonEqual(
    [...named].filter((key) => there.has(key)),
    [...there].filter((key) => named.has(key)),
  );
}
