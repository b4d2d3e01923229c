// Checks on single numbers that several parts of a spec share, in upstream's words.
import { invalidEach, invalidValue } from '../field-error.ts';
import { portNameProblems, portNumberProblems } from '../names.ts';
import type { FieldError } from '../status-error.ts';

const MAX_INT32 = 2_147_483_647;

export function nonNegative(value: number | undefined, field: string): FieldError[] {
  return value !== undefined && value < 0
    ? [invalidValue(field, value, 'must be greater than or equal to 0')]
    : [];
}

export function positive(value: number | undefined, field: string): FieldError[] {
  return value !== undefined && value <= 0 ? [invalidValue(field, value, 'must be greater than 0')] : [];
}

/** 0 to 2147483647: user and group ids. */
export function systemId(value: number | undefined, field: string): FieldError[] {
  if (value === undefined || (value >= 0 && value <= MAX_INT32)) return [];
  return [invalidValue(field, value, `must be between 0 and ${MAX_INT32}, inclusive`)];
}

export function withinInt32From1(value: number | undefined, field: string): FieldError[] {
  if (value === undefined || (value >= 1 && value <= MAX_INT32)) return [];
  return [invalidValue(field, value, `must be between 1 and ${MAX_INT32}, inclusive`)];
}

export function fileMode(value: number | undefined, field: string): FieldError[] {
  if (value === undefined || (value >= 0 && value <= 0o777)) return [];
  return [invalidValue(field, value, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

/** A port number, or the name of a container port. */
export function portOrName(port: string | number | undefined, field: string): FieldError[] {
  if (typeof port === 'string') return invalidEach(field, port, portNameProblems(port));
  return invalidEach(field, port ?? 0, portNumberProblems(port ?? 0));
}
