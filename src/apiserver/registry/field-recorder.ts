// Keeps metadata.managedFields with every tracked write. Writers over HTTP are tracked from the first write on; the
// server's own loops only where somebody has applied, so what nobody applies costs no memory for it.
import { applyTypeOf } from '../../api/apply/apply-type.ts';
import {
  type FieldOwners,
  type FieldWriter,
  isReset,
  type ManagedFieldsEntry,
  managedFieldsOf,
  readOwners,
  writeOwners,
} from '../../api/apply/managed-fields.ts';
import { trackUpdate } from '../../api/apply/track-update.ts';
import type { KubeObject } from '../../api/objects.ts';
import type { JsonObject } from '../../api/schema/json.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { apiVersionOf, type KindDefinition } from '../../api/scheme.ts';

/** Decides what the entries are after one write. */
export interface FieldRecorder {
  /**
   * `current` is `undefined` at a create. `sent` is what the writer put into metadata.managedFields, where it may.
   */
  after(
    next: KubeObject,
    current: KubeObject | undefined,
    sent: ManagedFieldsEntry[] | undefined,
  ): ManagedFieldsEntry[] | undefined;
}

/** Under this name the server's own loops appear. */
const OWN_MANAGER = 'edge-master';

/** Who is recorded: the writer that a request names, or the server itself where somebody has applied. */
export function writerOf(
  writer: FieldWriter | undefined,
  current: KubeObject | undefined,
  subresource: string | undefined,
): FieldWriter | undefined {
  if (writer || !current) return writer;
  const isApplied = managedFieldsOf(current.metadata)?.some((entry) => entry.operation === 'Apply');
  return isApplied ? { manager: OWN_MANAGER, operation: 'Update', subresource } : undefined;
}

export function updateRecorder(
  schema: Schema,
  kind: KindDefinition,
  writer: FieldWriter,
  now: string,
): FieldRecorder {
  const type = applyTypeOf(schema, kind);
  const apiVersion = apiVersionOf(kind);
  return {
    after(next, current, sent) {
      if (current && isReset(sent)) return undefined;
      const owners = ownersBefore(current, sent);
      // As upstream: an object whose record was cleared is recorded again from its next apply on.
      if (current && owners.size === 0) return undefined;
      const before = current ? asJson(current) : {};
      return writeOwners(trackUpdate({ type, before, after: asJson(next), owners, writer, apiVersion, now }));
    },
  };
}

/** What the writer sent counts where it can be read and says something. */
export function ownersBefore(
  current: KubeObject | undefined,
  sent?: readonly ManagedFieldsEntry[] | undefined,
): FieldOwners {
  const own = current && sent ? readOwners(sent) : undefined;
  if (own && own.size > 0) return own;
  return (current && readOwners(managedFieldsOf(current.metadata))) ?? new Map();
}

/** Kubernetes' types do not say that they are JSON. */
export const asJson = (object: KubeObject): JsonObject => object as unknown as JsonObject;

/** Sets the entries, or keeps those of `current` for a write that is not recorded. */
export function recordFields(
  recorder: FieldRecorder | undefined,
  next: KubeObject,
  current: KubeObject | undefined,
  sent?: ManagedFieldsEntry[] | undefined,
): void {
  const metadata = next.metadata as { managedFields?: ManagedFieldsEntry[] };
  const entries = recorder
    ? recorder.after(next, current, sent)
    : current && managedFieldsOf(current.metadata);
  if (entries) metadata.managedFields = entries;
  else delete metadata.managedFields;
}
