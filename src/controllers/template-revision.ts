// The snapshot of a pod template that a ControllerRevision keeps: its data, its hash and the way back. kubectl
// compares the data with its own byte for byte (rollout undo), so keys are sorted and empty parts written as Go does.
// Source: pkg/controller/daemon/update.go getPatch, pkg/controller/history/controller_history.go
import type { ControllerRevision, core } from '../api/objects.ts';
import { isJsonObject, type Json, type JsonObject, jsonEqual } from '../api/schema/json.ts';
import { fnv1a } from '../base/fnv1a.ts';

/** Pods carry the revision that they were made from under it; for a StatefulSet its name, for a DaemonSet its hash. */
export const REVISION_LABEL = 'controller-revision-hash';

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A strategic merge patch that puts `template` back: what `kubectl rollout undo` sends. */
export function revisionData(template: core.PodTemplateSpec): JsonObject {
  const { metadata, spec } = structuredClone(template);
  const filled = spec && {
    ...spec,
    containers: spec.containers.map(withResources),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(withResources) } : {}),
  };
  const snapshot = { $patch: 'replace', metadata: { ...metadata, creationTimestamp: null }, spec: filled };
  return sortedKeys({ spec: { template: snapshot } } as unknown as JsonObject) as JsonObject;
}

/** The template that `revision` keeps; throws when somebody else's data is in it. */
export function templateOf(revision: ControllerRevision): core.PodTemplateSpec {
  const data = revision.data as { spec?: { template?: Json } } | undefined;
  const snapshot = data?.spec?.template;
  if (!isJsonObject(snapshot)) {
    throw new Error(`controllerrevision ${revision.metadata.name} keeps no pod template`);
  }
  const { $patch: _, metadata, ...rest } = structuredClone(snapshot);
  const { creationTimestamp: __, ...kept } = isJsonObject(metadata) ? metadata : {};
  return { ...rest, metadata: kept } as core.PodTemplateSpec;
}

export function keepsTemplate(revision: ControllerRevision, data: JsonObject): boolean {
  return jsonEqual(revision.data, data);
}

/** Short and without vowels; `collisions` counts the names that were taken by something else. */
export function revisionHash(data: JsonObject, collisions: number): string {
  const digits = String(fnv1a(`${JSON.stringify(data)}${collisions || ''}`));
  return [...digits].map((digit) => SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length]).join('');
}

function withResources(container: core.Container): core.Container {
  return { ...container, resources: container.resources ?? {} };
}

function sortedKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, sortedKeys(field)]),
  );
}
