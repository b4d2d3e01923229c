// The commonest answers of all, written without a library: addresses of the name that was asked for, and that there are
// none. Names are told by a pointer to the question, so that more fit into a message.
import { type Answer, encode } from 'dns-packet';
import { HEADER_BYTES, type Rcode, respond } from './wire.ts';

const POINTER_TO_QUESTION = 0xc00c;
const TYPE_A = 1;
const CLASS_IN = 1;
/** Name, type, class, TTL, length and address. */
const RECORD_BYTES = 16;

/** Whole records as bytes, with the count that stands in the header. */
export interface Section {
  count: number;
  bytes: Buffer;
}

export const noRecords: Section = { count: 0, bytes: Buffer.alloc(0) };

/** As a section of its own: for records that never change. */
export function sectionOf(records: Answer[]): Section {
  return {
    count: records.length,
    bytes: encode({ type: 'response', answers: records }).subarray(HEADER_BYTES),
  };
}

export interface AddressAnswer {
  rcode: Rcode;
  /** IPv4 addresses of the name in the question. */
  addresses: readonly string[];
  ttl: number;
  authorities: Section;
  additionals: Section;
}

export function addressAnswer(query: Buffer, answer: AddressAnswer): Buffer {
  const { rcode, addresses, ttl, authorities, additionals } = answer;
  const body = Buffer.allocUnsafe(HEADER_BYTES + addresses.length * RECORD_BYTES);
  body.writeUInt16BE(addresses.length, 6);
  body.writeUInt16BE(authorities.count, 8);
  body.writeUInt16BE(additionals.count, 10);
  let at = HEADER_BYTES;
  for (const address of addresses) {
    body.writeUInt16BE(POINTER_TO_QUESTION, at);
    body.writeUInt16BE(TYPE_A, at + 2);
    body.writeUInt16BE(CLASS_IN, at + 4);
    body.writeUInt32BE(ttl, at + 6);
    body.writeUInt16BE(4, at + 10);
    writeAddress(body, address, at + 12);
    at += RECORD_BYTES;
  }
  return respond(query, rcode, body, [authorities.bytes, additionals.bytes]);
}

function writeAddress(body: Buffer, address: string, from: number): void {
  let at = from;
  let byte = 0;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === 0x2e) {
      body[at++] = byte;
      byte = 0;
    } else byte = byte * 10 + code - 0x30;
  }
  body[at] = byte;
}
