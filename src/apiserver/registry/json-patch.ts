// JSON patch (RFC 6902) with the errors that the API server gives for one that is malformed or does not apply.
import type { Operation } from 'fast-json-patch';
import type { Json } from '../../api/schema/json.ts';
import { badRequest, StatusError, tooLarge } from '../../api/status-error.ts';

/** As upstream. */
const MAX_OPERATIONS = 10_000;

export type JsonPatch = (current: Json, operations: readonly unknown[]) => Json;

/** The library is loaded when the first such patch comes: few clients send any. */
export async function loadJsonPatch(): Promise<JsonPatch> {
  const { default: library } = await import('fast-json-patch');
  return (current, operations) => {
    if (operations.length > MAX_OPERATIONS) {
      throw tooLarge(`a JSON patch may hold ${MAX_OPERATIONS} operations, not ${operations.length}`);
    }
    try {
      return library.applyPatch(current, operations as Operation[], true, false).newDocument as Json;
    } catch (error) {
      throw refusal(library.JsonPatchError, error);
    }
  };
}

type PatchErrorClass = new (...args: never[]) => Error & { name: string };

/** What is wrong with the patch itself; everything else is between it and the object. */
const MALFORMED = [
  'SEQUENCE_NOT_AN_ARRAY',
  'OPERATION_NOT_AN_OBJECT',
  'OPERATION_OP_INVALID',
  'OPERATION_PATH_INVALID',
  'OPERATION_FROM_REQUIRED',
  'OPERATION_VALUE_REQUIRED',
  'OPERATION_VALUE_CANNOT_CONTAIN_UNDEFINED',
];

function refusal(patchError: PatchErrorClass, error: unknown): unknown {
  if (error instanceof TypeError) return badRequest(`the JSON patch is not valid: ${error.message}`);
  if (!(error instanceof patchError)) return error;
  // The library's message carries the whole document, which may hold secrets: only its first line is told.
  const why = error.message.split('\n')[0] ?? error.name;
  return MALFORMED.includes(error.name)
    ? badRequest(`the JSON patch is not valid: ${why}`)
    : new StatusError(422, 'Invalid', `the JSON patch cannot be applied: ${why}`);
}
