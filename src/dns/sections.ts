// The sections of our own answers as bytes. Records of the name that was asked for tell it by a pointer to the
// question, so that more fit into a message; the commonest, IPv4 addresses, are written without a library.
import { type Answer, encode } from 'dns-packet';
import { HEADER_BYTES, type Rcode, respond, skipName } from './wire.ts';

const POINTER_TO_QUESTION = 0xc00c;
const POINTER = Buffer.from([0xc0, 0x0c]);
const TYPE_A = 1;
const CLASS_IN = 1;
/** Name, type, class, TTL, length and address. */
const ADDRESS_RECORD_BYTES = 16;

export interface Section {
  count: number;
  bytes: Buffer;
}

export interface Sections {
  answers: Section;
  authorities: Section;
  additionals: Section;
}

export const noRecords: Section = { count: 0, bytes: Buffer.alloc(0) };

/** `asked` is the name in the question, in lower case, where records may point to it. */
export function sectionOf(records: readonly Answer[], asked?: string): Section {
  const all = records.map((record) => {
    const bytes = encode({ type: 'response', answers: [record] }).subarray(HEADER_BYTES);
    return record.name === asked ? Buffer.concat([POINTER, bytes.subarray(skipName(bytes, 0))]) : bytes;
  });
  return { count: records.length, bytes: Buffer.concat(all) };
}

/** IPv4 addresses of the name in the question. */
export function addressSection(addresses: readonly string[], ttl: number): Section {
  const bytes = Buffer.allocUnsafe(addresses.length * ADDRESS_RECORD_BYTES);
  for (const [i, address] of addresses.entries()) {
    const at = i * ADDRESS_RECORD_BYTES;
    bytes.writeUInt16BE(POINTER_TO_QUESTION, at);
    bytes.writeUInt16BE(TYPE_A, at + 2);
    bytes.writeUInt16BE(CLASS_IN, at + 4);
    bytes.writeUInt32BE(ttl, at + 6);
    bytes.writeUInt16BE(4, at + 10);
    writeAddress(bytes, address, at + 12);
  }
  return { count: addresses.length, bytes };
}

export function answerWith(
  query: Buffer,
  rcode: Rcode,
  { answers, authorities, additionals }: Sections,
): Buffer {
  const counts = Buffer.alloc(HEADER_BYTES);
  counts.writeUInt16BE(answers.count, 6);
  counts.writeUInt16BE(authorities.count, 8);
  counts.writeUInt16BE(additionals.count, 10);
  return respond(query, rcode, counts, [answers.bytes, authorities.bytes, additionals.bytes]);
}

function writeAddress(bytes: Buffer, address: string, from: number): void {
  let at = from;
  let byte = 0;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === 0x2e) {
      bytes[at++] = byte;
      byte = 0;
    } else byte = byte * 10 + code - 0x30;
  }
  bytes[at] = byte;
}
