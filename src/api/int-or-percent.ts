// Amounts that are a number or a share of one, such as `maxSurge: 25%`.
// Source: pkg/apis/apps/validation ValidatePositiveIntOrPercent
import { invalidValue } from './field-error.ts';
import { nonNegative } from './pod-spec/numbers.ts';
import type { FieldError } from './status-error.ts';

export type IntOrPercent = number | string;

const PERCENT = /^[0-9]+%$/;
const PERCENT_RULE =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for" +
  " validation is '[0-9]+%')";

/** Zero or more, or a percentage. */
export function validateIntOrPercent(value: IntOrPercent | undefined, field: string): FieldError[] {
  if (typeof value !== 'string') return nonNegative(value, field);
  return PERCENT.test(value) ? [] : [invalidValue(field, value, PERCENT_RULE)];
}

export function atMostAll(value: IntOrPercent | undefined, field: string): FieldError[] {
  if (typeof value !== 'string' || !PERCENT.test(value) || Number.parseInt(value, 10) <= 100) return [];
  return [invalidValue(field, value, 'must not be greater than 100%')];
}

/** `0`, `0%` and what is no amount at all. */
export function isNone(value: IntOrPercent | undefined): boolean {
  if (typeof value !== 'string') return !value;
  return !PERCENT.test(value) || Number.parseInt(value, 10) === 0;
}

/** The amount itself, or its share of `total`, rounded by `round`. */
export function amountOf(
  value: IntOrPercent | undefined,
  total: number,
  round: (share: number) => number,
): number {
  if (typeof value !== 'string') return value ?? 0;
  return round((Number.parseInt(value, 10) * total) / 100);
}
