// JSON patch (RFC 6902) with the errors that the API server gives for one that is malformed or does not apply.
import type { Operation } from 'fast-json-patch';
import { isJsonObject, type Json, ownValue } from '../../api/schema/json.ts';
import { badRequest, StatusError, tooLarge } from '../../api/status-error.ts';

/** As upstream. */
const MAX_OPERATIONS = 10_000;
/** As upstream: copies of copies double an object with each operation, so their sizes together are limited. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

export type JsonPatch = (current: Json, operations: readonly unknown[]) => Json;

type Library = typeof import('fast-json-patch');

/** The library is loaded when the first such patch comes: few clients send any. */
export async function loadJsonPatch(): Promise<JsonPatch> {
  const { default: library } = await import('fast-json-patch');
  return (current, operations) => {
    if (operations.length > MAX_OPERATIONS) {
      throw tooLarge(`a JSON patch may hold ${MAX_OPERATIONS} operations, not ${operations.length}`);
    }
    try {
      return applied(library, current, operations);
    } catch (error) {
      throw refusal(library.JsonPatchError, error);
    }
  };
}

/** One operation after the other, as the library's own check of a `from` copies the whole document each time. */
function applied(library: Library, current: Json, operations: readonly unknown[]): Json {
  let document: Json = library.deepClone(current);
  let copiedBytes = 0;
  for (const [index, unchecked] of operations.entries()) {
    const operation = unchecked as Operation;
    library.validator(operation, index);
    const hasSource = operation.op === 'copy' || operation.op === 'move';
    if (hasSource) copiedBytes += sourceBytes(document, operation);
    if (copiedBytes > MAX_COPIED_BYTES) {
      throw tooLarge(`a JSON patch may copy ${MAX_COPIED_BYTES} bytes in all: send the values instead`);
    }
    const check: typeof library.validator = hasSource ? () => undefined : library.validator;
    document = library.applyOperation(document, operation, check, true, true, index).newDocument;
  }
  return document;
}

/** How much an operation adds by its `from`. Throws StatusError Invalid when there is nothing to take. */
function sourceBytes(document: Json, operation: Operation & { op: 'copy' | 'move' }): number {
  const { op, from, path } = operation;
  const value = valueAt(document, from);
  if (value === undefined)
    throw notApplicable('Cannot perform the operation from a path that does not exist');
  if (op === 'copy') return JSON.stringify(value).length;
  if (path.startsWith(`${from}/`)) throw notApplicable('Cannot move a value into itself');
  return 0;
}

/** By a JSON pointer (RFC 6901); own properties only. */
function valueAt(document: Json, pointer: string): Json | undefined {
  const keys = pointer.split('/').slice(1);
  return keys.reduce<Json | undefined>((at, escaped) => {
    const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) return /^\d+$/.test(key) ? at[Number(key)] : undefined;
    return isJsonObject(at) ? ownValue(at, key) : undefined;
  }, document);
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
  if (error instanceof TypeError) return refusedPath(error);
  if (!(error instanceof patchError)) return error;
  // The library's message carries the whole document, which may hold secrets: only its first line is told.
  const why = error.message.split('\n')[0] ?? error.name;
  return MALFORMED.includes(error.name)
    ? badRequest(`the JSON patch is not valid: ${why}`)
    : notApplicable(why);
}

/** The library's TypeErrors: a banned key, or a parent that went with the value which a `move` took away. */
const refusedPath = ({ message }: TypeError): StatusError =>
  message.includes('__proto__')
    ? badRequest('the JSON patch is not valid: no path may go through __proto__ or constructor/prototype')
    : notApplicable('Cannot perform operation at the desired path');

const notApplicable = (why: string) =>
  new StatusError(422, 'Invalid', `the JSON patch cannot be applied: ${why}`);
