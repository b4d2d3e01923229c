// Turns a body into an object: JSON, YAML or protobuf, checked against the schema of the kind it must be.

import type { KubeObject } from '../../api/objects.ts';
import { decodingError, strictDecodingError } from '../../api/schema/decoding-errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../api/schema/json.ts';
import { type ParsedJson, parseJson } from '../../api/schema/parse-json.ts';
import type { KindRef, Schema } from '../../api/schema/schema.ts';
import { apiVersionOf } from '../../api/scheme.ts';
import { badRequest, unsupportedMediaType } from '../../api/status-error.ts';
import type { FieldValidation } from './query.ts';

export interface Decoded {
  /** A private copy with known fields only. */
  object: KubeObject;
  /** For `Warning` headers. */
  warnings: string[];
}

/** A body whose bytes are read; protobuf can be decoded further only by who knows the kind. */
export interface ParsedBody extends ParsedJson {
  /** Of a protobuf body; `value` then says nothing. */
  decode?(schema: Schema, target: KindRef): JsonObject;
}

const JSON_TYPES = ['', 'application/json'];
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
const YAML_TYPES = ['application/yaml', 'text/yaml', 'application/x-yaml'];

/** The media type without parameters, in lower case. */
export const mediaType = (contentType: string): string =>
  (contentType.split(';')[0] ?? '').trim().toLowerCase();

/** @throws StatusError UnsupportedMediaType, BadRequest. A missing content type counts as JSON. */
export async function parseBody(body: Buffer, contentType: string): Promise<ParsedBody> {
  const type = mediaType(contentType);
  if (JSON_TYPES.includes(type)) return parseJson(body);
  if (type === PROTOBUF_TYPE) {
    const { decodeProtobuf } = await import('../../api/protobuf/decode-body.ts');
    const decode = (schema: Schema, target: KindRef) => decodeProtobuf(schema, target, body);
    return { value: null, duplicateFields: [], decode };
  }
  if (!YAML_TYPES.includes(type)) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format (${type}) - accepted media types include: application/json, application/yaml, ${PROTOBUF_TYPE}`,
    );
  }
  const { parseYaml } = await import('./parse-yaml.ts');
  return parseYaml(body);
}

/** @throws StatusError BadRequest when the value is not an object of this kind, or by `validation`. */
export function decodeObject(
  schema: Schema,
  target: KindRef,
  parsed: ParsedBody,
  validation: FieldValidation,
): Decoded {
  const { object, unknownFields } = checkObject(schema, target, parsed);
  const problems = [...unknownFields, ...parsed.duplicateFields];
  if (validation === 'Strict' && problems.length > 0) throw strictDecodingError(target, problems);
  return { object, warnings: validation === 'Warn' ? problems : [] };
}

/** @throws StatusError BadRequest when the value is not an object of this kind. */
export function checkObject(
  schema: Schema,
  target: KindRef,
  parsed: ParsedBody,
): { object: KubeObject; unknownFields: string[] } {
  const value = withDefaultType(target, parsed.decode ? parsed.decode(schema, target) : parsed.value);
  const checked = schema.check(target, value);
  if (checked.typeErrors.length > 0) throw decodingError(target, checked.typeErrors);
  const object = checked.value as unknown as KubeObject;
  object.metadata ??= {} as KubeObject['metadata'];
  return { object, unknownFields: checked.unknownFields };
}

/** Objects may leave out apiVersion and kind where the URL says them; what they do say must agree. */
function withDefaultType(target: KindRef, value: Json): Json {
  if (!isJsonObject(value)) throw badRequest(`the body must be one ${target.kind} as a JSON object`);
  const { apiVersion, kind } = value;
  const expected = apiVersionOf(target);
  if (apiVersion && apiVersion !== expected) throw mismatch('API version', apiVersion, expected);
  if (kind && kind !== target.kind) throw mismatch('kind', kind, target.kind);
  return value;
}

function mismatch(what: string, sent: Json, expected: string) {
  const text = typeof sent === 'string' ? sent : JSON.stringify(sent).slice(0, 100);
  return badRequest(`the ${what} in the data (${text}) does not match the expected ${what} (${expected})`);
}
