// Scalars as Kubernetes' JSON holds them: each is checked and, where several spellings mean the same, rewritten to
// the one that upstream stores.
import { formatQuantity, QUANTITY_RULE, tryParseQuantity } from '../quantity.ts';
import type { Json } from './json.ts';
import type { ScalarName } from './table.ts';

/** Not a value: either of the wrong JSON type, or of the right one with `error` saying what is wrong. */
type ScalarRead = { value: Json } | { error: string | undefined };

const WRONG_TYPE: ScalarRead = { error: undefined };
const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

export function readScalar(type: Exclude<ScalarName, 'Any'>, value: Json): ScalarRead {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? { value } : WRONG_TYPE;
    case 'bool':
      return typeof value === 'boolean' ? { value } : WRONG_TYPE;
    case 'double':
      return typeof value === 'number' ? { value } : WRONG_TYPE;
    case 'int32':
      return isInt32(value) ? { value } : WRONG_TYPE;
    case 'int64':
      return readInt64(value);
    case 'IntOrString':
      return typeof value === 'string' || isInt32(value) ? { value } : WRONG_TYPE;
    case 'Quantity':
      return readQuantity(value);
    default:
      return typeof value === 'string' ? readText(type, value) : WRONG_TYPE;
  }
}

/** What Go's zero value of the type looks like in JSON. */
export function emptyScalar(type: ScalarName): Json {
  switch (type) {
    case 'bool':
      return false;
    case 'double':
    case 'int32':
    case 'int64':
    case 'IntOrString':
      return 0;
    case 'Quantity':
      return '0';
    case 'Time':
    case 'MicroTime':
    case 'Any':
      return null;
    default:
      return '';
  }
}

function isInt32(value: Json): boolean {
  return Number.isInteger(value) && (value as number) >= INT32_MIN && (value as number) <= INT32_MAX;
}

function readInt64(value: Json): ScalarRead {
  if (!Number.isInteger(value)) return WRONG_TYPE;
  if (Number.isSafeInteger(value)) return { value };
  return { error: `the number ${value} is beyond ±${Number.MAX_SAFE_INTEGER}, the largest kept exactly` };
}

function readQuantity(value: Json): ScalarRead {
  if (typeof value !== 'string' && typeof value !== 'number') return WRONG_TYPE;
  const quantity = tryParseQuantity(typeof value === 'string' ? value.trim() : value);
  if (quantity) return { value: formatQuantity(quantity) };
  return { error: `${QUANTITY_RULE}: got ${excerpt(value)}` };
}

function readText(type: 'bytes' | 'Time' | 'MicroTime' | 'Duration', value: string): ScalarRead {
  switch (type) {
    case 'bytes':
      return readBase64(value);
    case 'Time':
      return readTime(value, 0);
    case 'MicroTime':
      return readTime(value, 6);
    case 'Duration':
      return readDuration(value);
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard base64 with padding; line breaks inside are dropped, as Go's decoder does. */
function readBase64(text: string): ScalarRead {
  const joined = /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, '') : text;
  if (joined.length % 4 === 0 && BASE64.test(joined)) return { value: withZeroPadBits(joined) };
  const good = /^[A-Za-z0-9+/]*/.exec(joined)![0].length;
  return { error: `illegal base64 data at input byte ${Math.min(good, Math.max(joined.length - 1, 0))}` };
}

/** Bits that the padding cuts off are written back as zero, so equal bytes are equal texts. */
function withZeroPadBits(text: string): string {
  if (!text.endsWith('=')) return text;
  const last = Buffer.from(text.slice(-4), 'base64').toString('base64');
  return text.slice(0, -4) + last;
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT)(\d\d)(:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 → UTC with exactly `digits` decimals of a second (0 or 6), cut off rather than rounded. */
function readTime(text: string, digits: 0 | 6): ScalarRead {
  const match = RFC3339.exec(text);
  const error = `parsing time ${excerpt(text)}: want RFC 3339, such as "2006-01-02T15:04:05Z"`;
  if (!match) return { error };
  const [, date, hours, rest, fraction = '', zone] = match;
  const asUtc = Date.parse(`${date}${hours}${rest}Z`);
  // Date.parse rolls 30 February over to March; reading it back shows that.
  if (Number.isNaN(asUtc) || hours === '24' || isoSeconds(asUtc) !== `${date}${hours}${rest}`)
    return { error };
  const utc = Date.parse(`${date}${hours}${rest}${zone}`);
  if (Number.isNaN(utc) || utc > MAX_TIME_MS || utc < MIN_TIME_MS) return { error };
  const decimals = digits ? `.${fraction.slice(0, digits).padEnd(digits, '0')}` : '';
  return { value: `${isoSeconds(utc)}${decimals}Z` };
}

const MIN_TIME_MS = Date.parse('0000-01-01T00:00:00Z');
const MAX_TIME_MS = Date.parse('9999-12-31T23:59:59Z');

const isoSeconds = (ms: number) => new Date(ms).toISOString().slice(0, 19);

/** Go's notation, such as `1h30m`, `-1.5s`, `0`. */
function readDuration(text: string): ScalarRead {
  if (/^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text)) return { value: text };
  return { error: `time: invalid duration ${excerpt(text)}: write it as 1h30m or 10s` };
}

const excerpt = (value: Json) => JSON.stringify(value).slice(0, 100);
