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
