// The Status errors that upstream gives for objects that do not fit their kind.
import { apiVersionOf } from '../scheme.ts';
import { badRequest, type StatusError } from '../status-error.ts';
import type { KindRef } from './schema.ts';

const cannotHandle = (ref: KindRef, why: string) =>
  badRequest(`${ref.kind} in version "${apiVersionOf(ref)}" cannot be handled as a ${ref.kind}: ${why}`);

/** 400 for `CheckResult.typeErrors`: `Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal …`. */
export const decodingError = (kind: KindRef, typeErrors: readonly string[]): StatusError =>
  cannotHandle(kind, typeErrors.join(', '));

/**
 * 400 for fieldValidation=Strict, from unknown and duplicate fields: `Pod in version "v1" cannot be handled as
 * a Pod: strict decoding error: unknown field "x", duplicate field "y"`.
 */
export const strictDecodingError = (kind: KindRef, fields: readonly string[]): StatusError =>
  cannotHandle(kind, `strict decoding error: ${fields.join(', ')}`);

/** 400 for keys that stand twice in an apply configuration, each such as `line 11: key "foo" already set in map`. */
export const strictYamlError = (problems: readonly string[]): StatusError =>
  badRequest(
    `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${problems.join('\n  ')}`,
  );

/**
 * 400 for an apply configuration with fields that its kind does not have, each told as `unknown field "spec.x"`:
 * `failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.x: field not declared in schema`.
 */
export function undeclaredFieldsError(
  kind: KindRef,
  key: string,
  unknownFields: readonly string[],
): StatusError {
  const problems = unknownFields.map((text) => `.${UNKNOWN.exec(text)?.[1]}: field not declared in schema`);
  const told =
    problems.length === 1 ? problems[0] : ['errors:', ...problems.map((one) => `  ${one}`)].join('\n');
  const typed = `(${key}; ${apiVersionOf(kind)}, Kind=${kind.kind})`;
  return badRequest(`failed to create typed patch object ${typed}: ${told}`);
}

const UNKNOWN = /^unknown field "(.*)"$/s;
