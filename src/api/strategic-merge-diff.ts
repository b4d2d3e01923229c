// The strategic merge patch that `kubectl apply` sends: what was applied before and is gone now is deleted, what
// differs from the server is set, and what others have added stays.
import { isJsonObject, type Json, type JsonObject, jsonEqual, ownValue, setOwn } from './schema/json.ts';
import type { KindRef, Schema } from './schema/schema.ts';
import type { FieldType } from './schema/table.ts';
import { RETAIN_KEYS } from './strategic-merge-directives.ts';
import { diffList } from './strategic-merge-list-diff.ts';
import { type PatchField, patchField, rootType } from './strategic-merge-meta.ts';

/**
 * `original` is what was applied last (undefined = never), `modified` what shall be, `current` what the server has.
 * `{}` when nothing changes. A null in `modified` means absent. Parts of `modified` may be shared. Throws StatusError
 * 400 for a kind without schema and for list items without their merge key, 422 for lists that cannot be merged.
 */
export function createThreeWayPatch(
  schema: Schema,
  kind: KindRef,
  original: JsonObject | undefined,
  modified: JsonObject,
  current: JsonObject,
): JsonObject {
  const type = rootType(schema, kind);
  return diffObject(schema, type, { original: original ?? {}, modified, current }, false);
}

interface ThreeObjects {
  original: JsonObject;
  modified: JsonObject;
  current: JsonObject;
}

function diffObject(
  schema: Schema,
  type: FieldType | undefined,
  { original, modified, current }: ThreeObjects,
  retainKeys: boolean,
): JsonObject {
  const patch: JsonObject = {};
  for (const key of Object.keys(modified)) {
    const three = [ownValue(original, key), modified[key]!, ownValue(current, key)] as const;
    addField(patch, schema, patchField(schema, type, key), key, ...three);
  }
  for (const key of Object.keys(original)) {
    if (!Object.hasOwn(modified, key) && isPresent(current, key)) setOwn(patch, key, null);
  }
  if (retainKeys) addRetainKeys(patch, modified, current);
  return patch;
}

function addField(
  patch: JsonObject,
  schema: Schema,
  field: PatchField,
  key: string,
  original: Json | undefined,
  modified: Json,
  current: Json | undefined,
): void {
  if (jsonEqual(modified, current)) return;
  const diff = (three: ThreeObjects) => diffObject(schema, field.type, three, field.retainKeys);
  if (isJsonObject(modified) && isJsonObject(current) && field.mergesObjects) {
    const inner = diff({ original: isJsonObject(original) ? original : {}, modified, current });
    if (Object.keys(inner).length > 0) setOwn(patch, key, inner);
  } else if (Array.isArray(modified) && Array.isArray(current) && current.length > 0 && field.mergesLists) {
    const lists = { original: Array.isArray(original) ? original : [], modified, current };
    Object.assign(patch, diffList(field, key, lists, diff));
  } else if (modified !== null || current !== undefined) {
    setOwn(patch, key, modified);
  }
}

/** With `retainKeys` everything that `modified` does not name goes, whoever set it. */
function addRetainKeys(patch: JsonObject, modified: JsonObject, current: JsonObject): void {
  const keep = Object.keys(modified).filter((key) => isPresent(modified, key));
  const clears = Object.keys(current).some((key) => isPresent(current, key) && !Object.hasOwn(modified, key));
  if (keep.length > 0 && (clears || Object.keys(patch).length > 0)) patch[RETAIN_KEYS] = keep.sort();
}

const isPresent = (object: JsonObject, key: string) => (ownValue(object, key) ?? null) !== null;
