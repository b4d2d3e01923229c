// Lists under a strategic merge patch: items merge by key, scalars join, and the order follows the patch.
import { type Json, type JsonObject, ownValue } from './schema/json.ts';
import { badRequest } from './status-error.ts';
import { directiveOf, withoutDirectives } from './strategic-merge-directives.ts';
import { ItemIndex, identityOf, repeated } from './strategic-merge-items.ts';
import { cannotApply, holdsObjects, mergeKeyOf, type PatchField } from './strategic-merge-meta.ts';

type MergeItem = (item: JsonObject, patch: JsonObject) => JsonObject;

/**
 * Merges one merging list. `order` is its `$setElementOrder`; without it the order of the patch's own items counts.
 * Items that only the server has keep their place among those that they knew.
 */
export function mergeList(
  field: PatchField,
  name: string,
  current: readonly Json[],
  patch: readonly Json[],
  order: readonly Json[] | undefined,
  mergeItem: MergeItem,
): Json[] {
  if (!holdsObjects(name, current, patch)) return mergeScalars(name, current, patch, order);
  if (!field.mergeKey) throw cannotApply(`"${name}" has no merge key: its items cannot be objects`);
  const identity = (item: Json) => mergeKeyOf(item, field.mergeKey!, name);
  const patched = (patch as JsonObject[]).filter((item) => (directiveOf(item) ?? 'merge') === 'merge');
  const wanted = (order ?? patched).map(identity);
  if (order) requireSameOrder(name, patched.map(identity), wanted);
  const merged = keptItems(field, name, current, patch as JsonObject[]);
  mergeItems(ItemIndex.of(merged, field, name), merged, patched, repeated(wanted), identity, mergeItem);
  // Upstream deletes and appends in place: as many new items as were deleted count as known to the server. Followed to
  // the letter, so the same patch gives the same order here.
  const known = order ? merged.slice(0, current.length) : current;
  return arrange(merged, wanted, known.map(identity), identity);
}

function mergeScalars(
  name: string,
  current: readonly Json[],
  patch: readonly Json[],
  order: readonly Json[] | undefined,
): Json[] {
  if (order) requireSameOrder(name, patch, order);
  const there = new Set(current);
  const added = [...new Set(patch)].filter((item) => !there.has(item));
  return arrange([...current, ...added], order ?? patch, current, (item) => item);
}

function mergeItems(
  index: ItemIndex,
  merged: Json[],
  patched: readonly JsonObject[],
  shared: ReadonlySet<Json>,
  identity: (item: Json) => Json,
  mergeItem: MergeItem,
): void {
  for (const item of patched) {
    const isShared = shared.has(identity(item));
    const position = index.find(item, isShared);
    if (position >= 0) merged[position] = mergeItem(merged[position] as JsonObject, item);
    else index.add(merged[merged.push(withoutDirectives(item)) - 1]!, isShared);
  }
}

/** The current items without those that a `$patch: delete` means; none after a `$patch: replace`. */
function keptItems(
  field: PatchField,
  name: string,
  current: readonly Json[],
  patch: readonly JsonObject[],
): Json[] {
  const by = (directive: string) => patch.filter((item) => directiveOf(item) === directive);
  if (by('replace').length > 0) return [];
  const deletions = new Map<Json, JsonObject[]>();
  for (const item of by('delete')) {
    const key = mergeKeyOf(item, field.mergeKey!, name);
    const said = deletions.get(key);
    if (said) said.push(identityOf(field, item));
    else deletions.set(key, [identityOf(field, item)]);
  }
  const isMeant = (item: JsonObject) => (said: JsonObject) =>
    Object.keys(said).every((key) => ownValue(item, key) === said[key]);
  return current.filter((item) => {
    const said = deletions.get(mergeKeyOf(item, field.mergeKey!, name)) ?? [];
    return !said.some(isMeant(item as JsonObject));
  });
}

/** Throws StatusError 400 unless the patch's items stand in the order list, in that order. */
function requireSameOrder(name: string, patched: readonly Json[], order: readonly Json[]): void {
  let from = 0;
  for (const key of order.length > 0 ? patched : []) {
    const at = order.indexOf(key, from);
    if (at < 0) {
      const text = JSON.stringify(key);
      throw badRequest(
        `the order in patch list "${name}" does not match $setElementOrder/${name}: ${text} is missing or misplaced there`,
      );
    }
    from = at + 1;
  }
}

/**
 * Items named in `order` stand in that order; the rest keep the server's order and slip in before the first ordered
 * item that came after them on the server.
 */
function arrange(
  items: readonly Json[],
  order: readonly Json[],
  serverOrder: readonly Json[],
  identity: (item: Json) => Json,
): Json[] {
  const wanted = firstPositions(order);
  const known = firstPositions(serverOrder);
  const rank = (item: Json) => wanted.get(identity(item)) ?? -1;
  const serverRank = (item: Json) => known.get(identity(item)) ?? -1;
  const ordered = items.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const others = items.filter((item) => rank(item) < 0);
  const arranged: Json[] = [];
  let placed = 0;
  for (const item of ordered) {
    while (placed < others.length && serverRank(others[placed]!) < serverRank(item)) {
      arranged.push(others[placed++]!);
    }
    arranged.push(item);
  }
  return [...arranged, ...others.slice(placed)];
}

function firstPositions(keys: readonly Json[]): ReadonlyMap<Json, number> {
  const positions = new Map<Json, number>();
  for (const [position, key] of keys.entries()) if (!positions.has(key)) positions.set(key, position);
  return positions;
}
