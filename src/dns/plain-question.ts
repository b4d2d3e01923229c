// The question of an ordinary query, read without a library: one name of plain letters, and EDNS at most beside it.
// All other messages are left to the library. https://www.rfc-editor.org/rfc/rfc1035 (4.1.2), RFC 6891 (6.1.2)
import { HEADER_BYTES, questionCount } from './wire.ts';

export interface Edns {
  udpPayloadSize: number;
  ednsVersion: number;
}

export interface PlainQuestion {
  /** As it was spelt, without the final dot. */
  spelling: string;
  type: string;
  edns: Edns | undefined;
}

const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
};
const CLASS_IN = 1;
const TYPE_OPT = 41;
const MAX_LABEL_BYTES = 63;
/** Root name, type, class, TTL and length of the data. */
const OPT_BYTES = 11;
const ADDITIONALS_AT = 10;

/** `undefined`: not of this kind, which says nothing of whether it is one. */
export function readPlainQuestion(query: Buffer): PlainQuestion | undefined {
  if (questionCount(query) !== 1 || query.readUInt32BE(6) !== 0) return undefined;
  const end = endOfPlainName(query);
  if (end === undefined || end + 4 > query.length) return undefined;
  const type = TYPES[query.readUInt16BE(end)];
  if (type === undefined || query.readUInt16BE(end + 2) !== CLASS_IN) return undefined;
  const additionals = query.readUInt16BE(ADDITIONALS_AT);
  const edns = additionals === 1 ? readOpt(query, end + 4) : undefined;
  if (additionals > 1 || (additionals === 1 && !edns)) return undefined;
  return { spelling: spelt(query, end), type, edns };
}

/** After the root label; a pointer, or a byte that no host name has, is left to others. */
function endOfPlainName(query: Buffer): number | undefined {
  let at = HEADER_BYTES;
  for (;;) {
    const length = query[at++];
    if (length === 0) return at;
    if (length === undefined || length > MAX_LABEL_BYTES || at + length > query.length) return undefined;
    for (const end = at + length; at < end; at++) if (!isPlain(query[at] ?? 0)) return undefined;
  }
}

/** A letter, a digit, `-` or `_`. */
function isPlain(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x5f;
}

function spelt(query: Buffer, end: number): string {
  const from = HEADER_BYTES + 1;
  if (end <= from) return '';
  const text = query.toString('latin1', from, end - 1);
  let name = '';
  for (let at = HEADER_BYTES; ; ) {
    const length = query[at] ?? 0;
    const label = text.slice(at + 1 - from, at + 1 - from + length);
    at += length + 1;
    name += label;
    if (query[at] === 0) return name;
    name += '.';
  }
}

function readOpt(query: Buffer, at: number): Edns | undefined {
  if (at + OPT_BYTES > query.length || query[at] !== 0 || query.readUInt16BE(at + 1) !== TYPE_OPT)
    return undefined;
  if (at + OPT_BYTES + query.readUInt16BE(at + 9) > query.length) return undefined;
  return { udpPayloadSize: query.readUInt16BE(at + 3), ednsVersion: query.readUInt8(at + 6) };
}
