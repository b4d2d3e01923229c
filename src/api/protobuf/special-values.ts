// Kubernetes' own types that are a message in protobuf and one value in JSON.
// Source: k8s.io/apimachinery: pkg/apis/meta/v1/{time_proto,micro_time_proto}.go, pkg/api/resource, pkg/util/intstr.
import type { Json } from '../schema/json.ts';
import { parseJson } from '../schema/parse-json.ts';
import type { ScalarName } from '../schema/table.ts';
import { LENGTH_DELIMITED, malformed, VARINT, WireReader } from './wire-reader.ts';

/** `undefined` = nothing was said: Go writes a zero time as an empty message. */
export type SpecialReader = (message: Buffer) => Json | undefined;

export const specialReaders: Readonly<Partial<Record<ScalarName, SpecialReader>>> = {
  Quantity: (message) => read(message).texts.get(1) || undefined,
  IntOrString: intOrString,
  Time: (message) => time(message, 0),
  MicroTime: (message) => time(message, 6),
  Duration: (message) => goDuration(read(message).integers.get(1) ?? 0n),
  Any: rawJson,
};

interface Parts {
  integers: Map<number, bigint>;
  texts: Map<number, string>;
}

/** These messages hold integers and strings only. */
function read(message: Buffer): Parts {
  const parts: Parts = { integers: new Map(), texts: new Map() };
  const reader = new WireReader(message);
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag();
    if (wireType === VARINT) parts.integers.set(number, BigInt.asIntN(64, reader.varint()));
    else if (wireType === LENGTH_DELIMITED) parts.texts.set(number, reader.text());
    else reader.skip(wireType);
  }
  return parts;
}

function intOrString(message: Buffer): Json {
  const { integers, texts } = read(message);
  return integers.get(1) === 1n ? (texts.get(3) ?? '') : Number(integers.get(2) ?? 0n);
}

function time(message: Buffer, digits: 0 | 6): Json | undefined {
  const { integers } = read(message);
  const seconds = integers.get(1) ?? 0n;
  const nanos = integers.get(2) ?? 0n;
  // Go's zero time, and the epoch that other languages' clients write for "not set".
  if (seconds === 0n && nanos === 0n) return undefined;
  const ms = Number(seconds) * 1000;
  if (ms < MIN_TIME_MS || ms > MAX_TIME_MS || nanos < 0n || nanos > 999_999_999n)
    throw malformed('a timestamp is out of range');
  if (ms === MIN_TIME_MS) return undefined;
  const whole = new Date(ms).toISOString().slice(0, 19);
  return digits === 0 ? `${whole}Z` : `${whole}.${String(nanos / 1000n).padStart(6, '0')}Z`;
}

/** Year 1, where Go's calendar begins: its zero time. */
const MIN_TIME_MS = Date.parse('0001-01-01T00:00:00Z');
const MAX_TIME_MS = Date.parse('9999-12-31T23:59:59Z');

/** Nanoseconds as Go prints them: `1h0m0s`, `1.5s`, `0s`; below a second as milliseconds. */
function goDuration(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const total = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (total > 0n && total < SECOND) return `${sign}${Number(total) / 1e6}ms`;
  const minutes = total / (60n * SECOND);
  const seconds = `${Number(total % (60n * SECOND)) / 1e9}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  const hours = minutes / 60n;
  return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`;
}

const SECOND = 1_000_000_000n;

/** RawExtension and FieldsV1 carry JSON text in field 1. */
function rawJson(message: Buffer): Json | undefined {
  const reader = new WireReader(message);
  let value: Json | undefined;
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag();
    if (number !== 1 || wireType !== LENGTH_DELIMITED) {
      reader.skip(wireType);
      continue;
    }
    const raw = reader.bytes();
    value = raw.length === 0 ? undefined : parseJson(raw).value;
  }
  return value;
}
