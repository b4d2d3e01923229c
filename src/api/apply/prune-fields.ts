// Removal by omission: what a manager applied before, applies no longer, and nobody else owns, goes.
// Source: structured-merge-diff, merge/update.go.
import { isJsonObject, type Json, type JsonObject, setOwn } from '../schema/json.ts';
import { type ApplyType, fieldOf, resolved } from './apply-type.ts';
import { childOf, type FieldSet, isMember } from './field-set.ts';
import { elementOf, itemType } from './list-items.ts';

/** A new object; `last` is what the manager owned before, `owned` what anybody owns now. */
export function pruneFields(
  type: ApplyType,
  object: JsonObject,
  last: FieldSet,
  owned: FieldSet,
): JsonObject {
  return (pruned(type, object, last, owned) ?? {}) as JsonObject;
}

/** `undefined` when nothing is left of what was there. */
function pruned(type: ApplyType, value: Json, last: FieldSet, owned: FieldSet | undefined): Json | undefined {
  const actual = resolved(type, value);
  if (actual.shape === 'set' || actual.shape === 'keyed') {
    return prunedItems(actual, value as Json[], last, owned);
  }
  if (actual.shape === 'leaf' || !isJsonObject(value)) return value;
  const result: JsonObject = {};
  for (const [name, content] of Object.entries(value)) {
    const lastNode = childOf(last, `f:${name}`);
    const ownedNode = childOf(owned, `f:${name}`);
    // A field counts as owned when anything inside it is.
    if (lastNode && !ownedNode) continue;
    const kept = lastNode ? pruned(fieldOf(actual, name), content, lastNode, ownedNode) : content;
    if (kept !== undefined) setOwn(result, name, kept);
  }
  return leftOf(value, result);
}

function prunedItems(
  type: Extract<ApplyType, { shape: 'set' | 'keyed' }>,
  items: readonly Json[],
  last: FieldSet,
  owned: FieldSet | undefined,
): Json | undefined {
  const result: Json[] = [];
  for (const item of items) {
    const element = elementOf(type, item) ?? '';
    const lastNode = childOf(last, element);
    const ownedNode = childOf(owned, element);
    // An item goes with whoever owned the item itself, whatever others own inside it.
    if (isMember(lastNode) && !isMember(ownedNode)) continue;
    const kept = lastNode ? pruned(itemType(type), item, lastNode, ownedNode) : item;
    result.push(withKeys(type, item, kept));
  }
  return result.length === 0 && items.length > 0 ? undefined : result;
}

/** What tells an item apart stays as long as the item does. */
function withKeys(type: ApplyType, item: Json, kept: Json | undefined): Json {
  if (type.shape !== 'keyed' || !isJsonObject(item)) return kept ?? item;
  const keys = Object.entries(item).filter(([name]) => type.keys.includes(name));
  return { ...Object.fromEntries(keys), ...(isJsonObject(kept) ? kept : {}) };
}

function leftOf(before: JsonObject, after: JsonObject): JsonObject | undefined {
  return Object.keys(after).length === 0 && Object.keys(before).length > 0 ? undefined : after;
}
