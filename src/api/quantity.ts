// Kubernetes quantities (`100m`, `1.5Gi`, `2e3`), exact to the nano as upstream keeps them.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
import { badRequest } from './status-error.ts';

type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** The amount in billionths. */
  readonly nanos: bigint;
  /** How it was written, and how it is written back. */
  readonly format: QuantityFormat;
}

const NANO_DIGITS = 9;
const ONE = 10n ** 9n;
const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_STEPS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const SYNTAX = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([eE][+-]?\d{1,3})|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]))?$/;
/** Longer numbers than any real amount, refused before big arithmetic is spent on them. */
const MAX_TEXT_LENGTH = 64;

export const zeroQuantity: Quantity = { nanos: 0n, format: 'DecimalSI' };

function scaleOf(exponentText: string | undefined, suffix: string) {
  if (exponentText) {
    return { format: 'DecimalExponent' as const, exponent: Number(exponentText.slice(1)), factor: 1n };
  }
  const step = BINARY_STEPS.indexOf(suffix);
  if (step > 0) return { format: 'BinarySI' as const, exponent: 0, factor: 1024n ** BigInt(step) };
  return { format: 'DecimalSI' as const, exponent: DECIMAL_EXPONENTS[suffix] ?? 0, factor: 1n };
}

/** Division that rounds away from zero, as upstream rounds what is finer than a nano. */
function divideUp(amount: bigint, divisor: bigint): bigint {
  return (amount + divisor - 1n) / divisor;
}

/** `undefined` when `text` is no quantity. A bare number is taken as written. */
export function tryParseQuantity(text: string | number): Quantity | undefined {
  const source = String(text);
  const match = source.length > MAX_TEXT_LENGTH ? null : SYNTAX.exec(source);
  if (!match) return undefined;
  const [, sign, digits = '', exponentText, suffix = ''] = match;
  const { format, exponent, factor } = scaleOf(exponentText, suffix);
  const [whole = '', fraction = ''] = digits.split('.');
  const amount = BigInt(`${whole}${fraction}` || '0') * factor;
  const shift = NANO_DIGITS + exponent - fraction.length;
  const nanos = shift >= 0 ? amount * 10n ** BigInt(shift) : divideUp(amount, 10n ** BigInt(-shift));
  return { nanos: sign === '-' ? -nanos : nanos, format };
}

/** Upstream's sentence about what is no quantity. */
export const QUANTITY_RULE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Throws a BadRequest StatusError when `text` is no quantity. */
export function parseQuantity(text: string | number): Quantity {
  const quantity = tryParseQuantity(text);
  if (quantity) return quantity;
  throw badRequest(`${QUANTITY_RULE}: got "${text}"`);
}

export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  if (a.nanos === b.nanos) return 0;
  return a.nanos < b.nanos ? -1 : 1;
}

/** The sum, in the format of `a` unless `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

function ceilTo(nanos: bigint, unit: bigint): number {
  const quotient = nanos / unit;
  return Number(nanos > quotient * unit ? quotient + 1n : quotient);
}

/** Thousandths, rounded up: millicores for CPU. */
export const milliValue = (quantity: Quantity): number => ceilTo(quantity.nanos, ONE / 1000n);
/** Whole units, rounded up: bytes for memory. */
export const wholeValue = (quantity: Quantity): number => ceilTo(quantity.nanos, ONE);
/** Millicores of a CPU quantity's text, such as `250m` → 250. Throws as {@link parseQuantity}. */
export const cpuMillis = (text: string | number): number => milliValue(parseQuantity(text));
/** Bytes of a memory quantity's text, such as `64Mi` → 67108864. Throws as {@link parseQuantity}. */
export const bytes = (text: string | number): number => wholeValue(parseQuantity(text));

/** Mantissa without trailing zeros, and the power of ten (a multiple of 3, at least -9) that it counts in. */
function decimalForm(nanos: bigint): { mantissa: bigint; exponent: number } {
  let mantissa = nanos;
  let exponent = -NANO_DIGITS;
  while (mantissa % 1000n === 0n && exponent < 18) {
    mantissa /= 1000n;
    exponent += 3;
  }
  return { mantissa, exponent };
}

function formatDecimal(nanos: bigint, format: QuantityFormat): string {
  const { mantissa, exponent } = decimalForm(nanos);
  if (format === 'DecimalExponent') return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  const suffix = Object.keys(DECIMAL_EXPONENTS).find((key) => DECIMAL_EXPONENTS[key] === exponent) ?? '';
  return `${mantissa}${suffix}`;
}

function formatBinary(whole: bigint): string {
  let mantissa = whole;
  let step = 0;
  while (mantissa % 1024n === 0n && step < BINARY_STEPS.length - 1) {
    mantissa /= 1024n;
    step += 1;
  }
  return `${mantissa}${BINARY_STEPS[step]}`;
}

/** Canonical form: no fraction, the largest suffix that loses nothing; the same amount always reads the same. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const small = nanos < 1024n * ONE && nanos > -1024n * ONE;
  if (format !== 'BinarySI' || small)
    return formatDecimal(nanos, format === 'BinarySI' ? 'DecimalSI' : format);
  const whole = nanos / ONE;
  return formatBinary(nanos > whole * ONE ? whole + 1n : whole);
}

/** Canonical text of a quantity's text, or the text as it is when it is none. */
export function canonicalQuantity(text: string | number): string {
  const quantity = tryParseQuantity(text);
  return quantity ? formatQuantity(quantity) : String(text);
}
