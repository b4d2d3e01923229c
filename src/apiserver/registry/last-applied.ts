// The way from client-side to server-side apply: what kubectl wrote into its annotation is its own already, and the
// annotation follows, so that a person may go back.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#migration-between-client-side-and-server-side-apply
import type { ApplyType } from '../../api/apply/apply-type.ts';
import { EMPTY_SET, type FieldSet } from '../../api/apply/field-set.ts';
import { fieldsOf } from '../../api/apply/fields-of.ts';
import type { FieldWriter } from '../../api/apply/managed-fields.ts';
import type { KubeObject } from '../../api/objects.ts';
import { isJsonObject } from '../../api/schema/json.ts';
import { parseJson } from '../../api/schema/parse-json.ts';
import type { KindRef, Schema } from '../../api/schema/schema.ts';
import { StatusError } from '../../api/status-error.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
/** As upstream: another manager's name opts out. */
const MANAGER = 'kubectl';

/** Fields that may be taken over without force; none when the annotation is absent or cannot be read. */
export function allowedByLastApplied(
  schema: Schema,
  kind: KindRef,
  type: ApplyType,
  { manager }: FieldWriter,
  current: KubeObject | undefined,
): FieldSet {
  const text = current?.metadata.annotations?.[ANNOTATION];
  if (manager !== MANAGER || !text) return EMPTY_SET;
  try {
    const { value } = parseJson(text);
    return isJsonObject(value) ? fieldsOf(type, schema.check(kind, value).value) : EMPTY_SET;
  } catch (error) {
    // Anybody may write the annotation: a bad one allows nothing.
    if (error instanceof StatusError) return EMPTY_SET;
    throw error;
  }
}

/** `object` may be changed. */
export function withLastApplied(
  object: KubeObject,
  config: KubeObject,
  { manager }: FieldWriter,
  current: KubeObject | undefined,
): KubeObject {
  const annotations = object.metadata.annotations;
  if (manager !== MANAGER || !annotations || !current?.metadata.annotations?.[ANNOTATION]) return object;
  const { [ANNOTATION]: _own, ...others } = config.metadata.annotations ?? {};
  const { annotations: _all, ...metadata } = config.metadata;
  const kept = Object.keys(others).length > 0 ? { ...metadata, annotations: others } : metadata;
  const text = `${JSON.stringify({ ...config, metadata: kept })}\n`;
  object.metadata.annotations = { ...annotations, [ANNOTATION]: text };
  return object;
}
