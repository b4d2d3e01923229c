// JSON merge patch, RFC 7386: objects merge, null deletes, everything else replaces.
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from './schema/json.ts';

/**
 * A new value that may share parts with both arguments; neither is changed. Recursion is as deep as the patch:
 * read it with parseJson, which limits that.
 */
export function applyMergePatch(current: Json, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const merged: JsonObject = isJsonObject(current) ? { ...current } : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key]!;
    if (value === null) delete merged[key];
    else setOwn(merged, key, applyMergePatch(ownValue(merged, key) ?? {}, value));
  }
  return merged;
}
