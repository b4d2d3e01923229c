// Under which name a request's fields are recorded: the one it gives, or its program's.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers
import type { FieldWriter } from '../../api/apply/managed-fields.ts';
import { type FieldError, invalid } from '../../api/status-error.ts';
import { type ApiRequest, header } from './api-request.ts';

const MAX_LENGTH = 128;

/** @throws StatusError Invalid for a name that is too long or cannot be printed. */
export function fieldWriter(
  api: ApiRequest,
  operation: FieldWriter['operation'],
  subresource?: string | undefined,
): FieldWriter {
  const given = api.query.get('fieldManager') ?? '';
  if (given.length > MAX_LENGTH) {
    throw managerInvalid('FieldValueTooLong', `Too long: may not be more than ${MAX_LENGTH} bytes`);
  }
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(given)) {
    throw managerInvalid(
      'FieldValueInvalid',
      `Invalid value: ${JSON.stringify(given)}: should only contain printable characters`,
    );
  }
  if (operation === 'Apply' && given === '') {
    throw managerInvalid('FieldValueRequired', 'Required value: is required for apply patch');
  }
  return { manager: given || programOf(api), operation, ...(subresource ? { subresource } : {}) };
}

/** What stands before the slash in `kubectl/v1.32.0 (linux/amd64)`. */
function programOf(api: ApiRequest): string {
  const program = header(api, 'user-agent').split('/')[0] ?? '';
  return program.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_LENGTH) || 'unknown';
}

/** `undefined` unless the query says; only an apply may say it. @throws StatusError Invalid */
export function forceParameter(api: ApiRequest, isApply: boolean): boolean {
  const value = api.query.get('force');
  if (value === null) return false;
  if (!isApply) {
    const message = 'Forbidden: may not be specified for non-apply patch';
    throw optionsInvalid({ reason: 'FieldValueForbidden', field: 'force', message });
  }
  return value !== '0' && value.toLowerCase() !== 'false';
}

const managerInvalid = (reason: FieldError['reason'], message: string) =>
  optionsInvalid({ reason, field: 'fieldManager', message });

const optionsInvalid = (error: FieldError) =>
  invalid({ group: 'meta.k8s.io', kind: 'PatchOptions', name: '' }, [error]);
