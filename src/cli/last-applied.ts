// What was applied last, kept in an annotation in kubectl's own form, so that edgectl and kubectl may take turns.
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/
import { LAST_APPLIED_ANNOTATION } from '../api/metadata.ts';
import type { Json, JsonObject } from '../api/schema/json.ts';
import type { Manifest } from './manifests.ts';

interface Annotated {
  metadata: { annotations?: Record<string, string> } & Record<string, unknown>;
}

/** Go writes the keys of maps in order: the annotation must read the same whoever wrote it. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  );
}

/** A copy of the manifest with the annotation that remembers it. */
export function withLastApplied(manifest: Manifest): JsonObject {
  const copy = structuredClone(manifest) as Manifest & Annotated;
  const annotations = { ...copy.metadata.annotations };
  delete annotations[LAST_APPLIED_ANNOTATION];
  copy.metadata.annotations = annotations;
  const text = `${JSON.stringify(sorted(copy as unknown as Json))}\n`;
  copy.metadata.annotations = { ...annotations, [LAST_APPLIED_ANNOTATION]: text };
  return copy as unknown as JsonObject;
}

/** What was applied last, or `undefined` when the object was never applied (or the annotation is broken). */
export function lastApplied(current: JsonObject): JsonObject | undefined {
  const text = (current as unknown as Annotated).metadata.annotations?.[LAST_APPLIED_ANNOTATION];
  if (!text) return undefined;
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined;
  }
}
