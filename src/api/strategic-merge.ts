// Strategic merge patch, applied as Kubernetes' API server does: objects merge, lists merge by key where the
// schema says so, and directives ($patch, $retainKeys, $setElementOrder, $deleteFromPrimitiveList) say the rest.
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from './schema/json.ts';
import type { KindRef, Schema } from './schema/schema.ts';
import type { FieldType } from './schema/table.ts';
import { badRequest } from './status-error.ts';
import {
  DELETE_PREFIX,
  directiveOf,
  PATCH_DIRECTIVE,
  RETAIN_KEYS,
  SET_ORDER_PREFIX,
  withoutDirectives,
} from './strategic-merge-directives.ts';
import { mergeList } from './strategic-merge-list.ts';
import { type PatchField, patchField, rootType } from './strategic-merge-meta.ts';

/**
 * A new object that may share parts with both arguments; neither is changed. The result is not checked: give it
 * to Schema.check. Throws StatusError 400 for a malformed patch or a kind without schema, 422 for one that does not
 * fit this object.
 */
export function applyStrategicMergePatch(
  schema: Schema,
  kind: KindRef,
  current: JsonObject,
  patch: JsonObject,
): JsonObject {
  if (!isJsonObject(patch)) throw badRequest('a strategic merge patch must be a JSON object');
  return mergeObject(schema, rootType(schema, kind), current, patch);
}

/** What a patch says about one field. */
interface FieldPatch {
  value: Json | undefined;
  order: readonly Json[] | undefined;
  deletions: ReadonlySet<Json> | undefined;
}

function mergeObject(
  schema: Schema,
  type: FieldType | undefined,
  current: JsonObject,
  patch: JsonObject,
): JsonObject {
  const directive = directiveOf(patch);
  if (directive === 'delete') return {};
  if (directive === 'replace') return withoutDirectives(patch) as JsonObject;
  const fields = fieldPatches(patch);
  const merged = retained(current, patch, fields);
  for (const [key, fieldPatch] of fields) {
    const value = mergeField(schema, patchField(schema, type, key), key, ownValue(merged, key), fieldPatch);
    if (value === undefined) delete merged[key];
    else setOwn(merged, key, value);
  }
  return merged;
}

/** `undefined` removes the field. */
function mergeField(
  schema: Schema,
  field: PatchField,
  key: string,
  current: Json | undefined,
  { value, order, deletions }: FieldPatch,
): Json | undefined {
  if (value === null) return undefined;
  const kept = deletions && Array.isArray(current) ? current.filter((item) => !deletions.has(item)) : current;
  const mergeItem = (item: JsonObject, itemPatch: JsonObject) =>
    mergeObject(schema, field.type, item, itemPatch);
  if (field.mergesLists && isListOrAbsent(value) && isListOrAbsent(kept) && (value ?? kept)) {
    return mergeList(field, key, kept ?? [], value ?? [], order, mergeItem);
  }
  if (value === undefined) return kept;
  if (isJsonObject(value) && isJsonObject(kept) && field.mergesObjects) return mergeItem(kept, value);
  return directiveOf(value) === 'delete' ? undefined : withoutDirectives(value);
}

const isListOrAbsent = (value: Json | undefined): value is Json[] | undefined =>
  value === undefined || Array.isArray(value);

/** By the name of the field, whether the patch gives it a value, an order or deletions. */
function fieldPatches(patch: JsonObject): Map<string, FieldPatch> {
  const patches = new Map<string, FieldPatch>();
  const of = (key: string) => {
    const found = patches.get(key) ?? { value: undefined, order: undefined, deletions: undefined };
    patches.set(key, found);
    return found;
  };
  for (const key of Object.keys(patch)) {
    const value = patch[key]!;
    if (key === PATCH_DIRECTIVE || key === RETAIN_KEYS) continue;
    if (key.startsWith(SET_ORDER_PREFIX)) of(key.slice(SET_ORDER_PREFIX.length)).order = listOf(key, value);
    else if (!key.startsWith(DELETE_PREFIX)) of(key).value = value;
    else of(key.slice(DELETE_PREFIX.length)).deletions = new Set(listOf(key, value));
  }
  return patches;
}

function listOf(directive: string, value: Json): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw badRequest(`invalid patch format of ${directive}: its value must be a list`);
}

/** A copy of `current` without the fields that a `$retainKeys` does not name. */
function retained(
  current: JsonObject,
  patch: JsonObject,
  fields: ReadonlyMap<string, FieldPatch>,
): JsonObject {
  const directive = ownValue(patch, RETAIN_KEYS);
  if (directive === undefined) return { ...current };
  const keep = new Set(listOf(RETAIN_KEYS, directive));
  for (const [key, { value }] of fields) {
    if (value !== undefined && value !== null && !keep.has(key)) {
      throw badRequest(
        `invalid patch format of ${RETAIN_KEYS}: the patch sets "${key}", which is not among them`,
      );
    }
  }
  return Object.fromEntries(Object.entries(current).filter(([key]) => keep.has(key)));
}
