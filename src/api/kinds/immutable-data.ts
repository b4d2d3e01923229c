// The rule that ConfigMap and Secret share: once `immutable` is true, neither it nor the data changes again.
// https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable
import { isDeepStrictEqual } from 'node:util';
import { forbiddenField } from '../field-error.ts';
import type { FieldError } from '../status-error.ts';

/** Upstream's limit for all values of one object together. */
export const MAX_DATA_BYTES = 1024 * 1024;

export function validateImmutable<T extends { immutable?: boolean }>(
  next: T,
  previous: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (!previous.immutable) return [];
  const why = 'field is immutable when `immutable` is set';
  const changed: string[] = fields.filter((field) => !isDeepStrictEqual(next[field], previous[field]));
  if (!next.immutable) changed.unshift('immutable');
  return changed.map((field) => forbiddenField(field, why));
}
