// `'%s is %d'.format([…])`, with the verbs of upstream.
// Source: github.com/google/cel-go ext/formatting.go
import { Duration } from '@marcbachmann/cel-js/evaluator';
import { fail } from './fail.ts';

const VERB = /%(?:\.(\d+))?(.)/gs;
const DEFAULT_PRECISION = 6;
const MAX_PRECISION = 100;

export function formatted(text: string, values: unknown[]): string {
  let next = 0;
  return text.replace(VERB, (_verb, precision: string | undefined, kind: string) => {
    if (kind === '%') return '%';
    if (next >= values.length) return fail(`index ${next} out of range`);
    return render(kind, values[next++], Math.min(Number(precision ?? DEFAULT_PRECISION), MAX_PRECISION));
  });
}

function render(kind: string, value: unknown, precision: number): string {
  switch (kind) {
    case 's':
      return show(value);
    case 'd':
      return isNumber(value) ? String(value) : wrongKind(kind);
    case 'f':
      return isNumber(value) ? Number(value).toFixed(precision) : wrongKind(kind);
    case 'e':
      return isNumber(value) ? exponential(Number(value), precision) : wrongKind(kind);
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : inBase(kind, value, 2);
    case 'o':
      return inBase(kind, value, 8);
    case 'x':
      return hexadecimal(kind, value);
    case 'X':
      return hexadecimal(kind, value).toUpperCase();
    default:
      return fail(`could not parse formatting clause: unrecognized formatting clause "${kind}"`);
  }
}

const wrongKind = (kind: string): never => fail(`error during formatting: %${kind} cannot take this type`);
const isNumber = (value: unknown) => typeof value === 'bigint' || typeof value === 'number';
const inBase = (kind: string, value: unknown, base: number): string =>
  typeof value === 'bigint' ? value.toString(base) : wrongKind(kind);

/** Go writes two digits at least. */
const exponential = (value: number, precision: number): string =>
  value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');

function hexadecimal(kind: string, value: unknown): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : inBase(kind, value, 16);
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Date) return value.toISOString().replace(/\.?0*Z$/, 'Z');
  if (value instanceof Duration) return `${value.valueOf() / 1000}s`;
  if (value instanceof Map) return mapText([...value]);
  if (typeof value === 'object' && value !== null && value.constructor === Object) {
    return mapText(Object.entries(value));
  }
  return String(value);
}

const mapText = (entries: [unknown, unknown][]): string =>
  `{${entries
    .map(([key, value]) => `${show(key)}: ${show(value)}`)
    .sort()
    .join(', ')}}`;
