// The JSON merge patch for kinds whose schema is not known here: lists are replaced whole, as kubectl does for
// custom resources. https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type Json, type JsonObject } from '../api/schema/json.ts';

function changed(modified: Json, current: Json | undefined): Json | undefined {
  if (!isJsonObject(modified) || !isJsonObject(current))
    return isDeepStrictEqual(modified, current) ? undefined : modified;
  const patch = mergePatch(undefined, modified, current);
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** `{}` when nothing changes; null for what was applied before, is gone from the manifest and is still there. */
export function mergePatch(
  original: JsonObject | undefined,
  modified: JsonObject,
  current: JsonObject,
): JsonObject {
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(modified)) {
    const before = original?.[key];
    const now = current[key];
    const inner =
      isJsonObject(value) && isJsonObject(now)
        ? mergePatch(isJsonObject(before) ? before : undefined, value, now)
        : changed(value, now);
    if (
      inner !== undefined &&
      !(isJsonObject(inner) && isJsonObject(now) && Object.keys(inner).length === 0)
    ) {
      patch[key] = inner;
    }
  }
  for (const key of Object.keys(original ?? {})) {
    if (!Object.hasOwn(modified, key) && Object.hasOwn(current, key)) patch[key] = null;
  }
  return patch;
}
