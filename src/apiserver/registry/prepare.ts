// The parts of a write that are the same for every kind: who an object is, what is checked, when it counts as changed.
import { validateMetadata, validateMetadataUpdate } from '../../api/metadata.ts';
import type { KubeObject, ObjectMeta } from '../../api/objects.ts';
import { jsonEqual } from '../../api/schema/json.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';
import { conflict, type ErrorSubject, throwIfInvalid } from '../../api/status-error.ts';
import type { Writable } from '../../api/writable.ts';

export type { Writable };

/** Bodies of objects as generic code sees them. */
export type Fields = KubeObject & { spec?: unknown; status?: unknown };

export const resourceSubject = (kind: KindDefinition, name: string): ErrorSubject => ({
  group: kind.group,
  kind: kind.plural,
  name,
});

/** Kind's own name and version first, so that JSON reads as people expect it. */
export function withTypeMeta(kind: KindDefinition, object: KubeObject): Fields {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { ...object.metadata } };
}

export function validateNew(kind: KindDefinition, next: KubeObject): void {
  const errors = [
    ...validateMetadata(kind, next.metadata),
    ...(kind.validate?.(next) ?? []),
    ...(kind.validateCreate?.(next) ?? []),
  ];
  throwIfInvalid(kind, next.metadata.name, errors);
}

export function validateChange(
  kind: KindDefinition,
  next: KubeObject,
  previous: KubeObject,
  subresource?: string,
): void {
  const errors = [
    ...validateMetadata(kind, next.metadata),
    ...validateMetadataUpdate(next.metadata, previous.metadata),
    ...(kind.validate?.(next) ?? []),
    ...(kind.validateUpdate?.(next, previous, subresource) ?? []),
  ];
  throwIfInvalid(kind, next.metadata.name, errors);
}

interface Preconditions {
  uid?: string | undefined;
  resourceVersion?: string | undefined;
}

/** @throws StatusError Conflict */
export function checkPreconditions(kind: KindDefinition, wanted: Preconditions, current: ObjectMeta): void {
  const subject = resourceSubject(kind, current.name);
  if (wanted.uid && wanted.uid !== current.uid) {
    const why = `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${current.uid}`;
    throw conflict(subject, why);
  }
  if (wanted.resourceVersion && wanted.resourceVersion !== current.resourceVersion) {
    const why = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(subject, why);
  }
}

/** What the server alone decides is taken from `current`, whatever the client sent. */
export function keepServerMetadata(next: ObjectMeta, current: ObjectMeta): void {
  next.uid = current.uid;
  next.creationTimestamp = current.creationTimestamp;
  next.resourceVersion = current.resourceVersion;
  assignOrDelete(next, 'namespace', current.namespace);
  assignOrDelete(next, 'generateName', current.generateName);
  assignOrDelete(next, 'generation', current.generation);
  assignOrDelete(next, 'deletionTimestamp', current.deletionTimestamp);
  assignOrDelete(next, 'deletionGracePeriodSeconds', current.deletionGracePeriodSeconds);
  dropUnkept(next);
}

/** selfLink is gone upstream too. Managed fields are written by the recorder alone. */
export function dropUnkept(metadata: ObjectMeta): void {
  const loose: Partial<Record<string, unknown>> & object = metadata as object;
  delete loose.selfLink;
}

export function assignOrDelete<T extends object, K extends keyof T>(
  target: T,
  field: K,
  value: T[K] | undefined,
): void {
  if (value === undefined) delete target[field];
  else target[field] = value;
}

/** A change of anything but metadata and status; only objects with a spec count generations. */
export function bumpGeneration(next: Fields, current: Fields): void {
  if (next.spec === undefined || jsonEqual(next.spec, current.spec)) return;
  const metadata: Writable<ObjectMeta> = next.metadata;
  metadata.generation = (current.metadata.generation ?? 1) + 1;
}

/** `object` as it is stored at `revision`. */
export function stamped<T extends KubeObject>(object: T, revision: number): T {
  object.metadata.resourceVersion = String(revision);
  return object;
}
