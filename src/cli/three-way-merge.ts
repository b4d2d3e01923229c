// The JSON merge patch for kinds whose schema is not known here: lists are replaced whole, as kubectl does for
// custom resources. https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/
import { isJsonObject, type JsonObject, jsonEqual } from '../api/schema/json.ts';

/** `{}` when nothing changes; null for what was applied before, is gone from the manifest and is still there. */
export function mergePatch(
  original: JsonObject | undefined,
  modified: JsonObject,
  current: JsonObject,
): JsonObject {
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(modified)) {
    const now = current[key];
    if (isJsonObject(value) && isJsonObject(now)) {
      const before = original?.[key];
      const inner = mergePatch(isJsonObject(before) ? before : undefined, value, now);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!jsonEqual(value, now)) patch[key] = value;
  }
  for (const key of Object.keys(original ?? {})) {
    if (!Object.hasOwn(modified, key) && Object.hasOwn(current, key)) patch[key] = null;
  }
  return patch;
}
