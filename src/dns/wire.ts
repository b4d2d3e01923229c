// DNS messages as bytes, where decoding and encoding again would lose something: what is forwarded stays as it came.
// https://www.rfc-editor.org/rfc/rfc1035 (4.1)

export const HEADER_BYTES = 12;
/** What a client takes over UDP when it says nothing (RFC 1035, 4.2.1). */
export const DEFAULT_UDP_BYTES = 512;

const FLAG_RESPONSE = 0x8000;
const FLAG_AUTHORITATIVE = 0x0400;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
const FLAG_DNSSEC_OK = 0x8000;
const NO_BYTES = Buffer.alloc(0);
const TYPE_SOA = 6;
const TYPE_OPT = 41;

export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type Rcode = keyof typeof rcodes;

export const isResponse = (message: Buffer): boolean => (message.readUInt16BE(2) & FLAG_RESPONSE) !== 0;
export const isTruncated = (message: Buffer): boolean => (message.readUInt16BE(2) & FLAG_TRUNCATED) !== 0;
export const opcodeOf = (message: Buffer): number => (message.readUInt16BE(2) >> 11) & 0xf;
export const rcodeOf = (message: Buffer): number => message.readUInt16BE(2) & 0xf;
export const answerCount = (message: Buffer): number => message.readUInt16BE(6);
export const questionCount = (message: Buffer): number => message.readUInt16BE(4);

/** The one question as bytes: name, type and class. Throws a RangeError on a message that ends within it. */
export function questionBytes(message: Buffer): Buffer {
  return message.subarray(HEADER_BYTES, skipName(message, HEADER_BYTES) + 4);
}

/**
 * Header and question of `query` as a response of that code, with the records of `body` (a whole message) if any, and
 * `more` of those that its header counts.
 */
export function respond(query: Buffer, rcode: Rcode, body?: Buffer, more: readonly Buffer[] = []): Buffer {
  const asked = query.readUInt16BE(2);
  const question = questionCount(query) === 1 ? questionBytes(query) : NO_BYTES;
  const header = Buffer.alloc(HEADER_BYTES);
  const kept = asked & (0x7800 | FLAG_RECURSION_DESIRED);
  const own = FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | (body ? FLAG_AUTHORITATIVE : 0);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(kept | own | rcodes[rcode], 2);
  header.writeUInt16BE(question.length > 0 ? 1 : 0, 4);
  body?.copy(header, 6, 6, HEADER_BYTES);
  return Buffer.concat([header, question, body?.subarray(HEADER_BYTES) ?? NO_BYTES, ...more]);
}

/**
 * As many whole answers as fit into `limit` bytes, and EDNS if there was. Where an answer is left out, the mark by
 * which a client asks again over TCP (RFC 2181, 9): those that do not (musl before 1.2.4) live with what they got. Only
 * header and question of what cannot be read.
 */
export function truncated(response: Buffer, limit: number): Buffer {
  const { end, count, edns } = fittingAnswers(response, limit);
  const isWhole = count > 0 && count === response.readUInt16BE(6);
  const cut = Buffer.concat([response.subarray(0, end), edns]);
  if (!isWhole) cut.writeUInt16BE(cut.readUInt16BE(2) | FLAG_TRUNCATED, 2);
  cut.fill(0, 6, HEADER_BYTES);
  cut.writeUInt16BE(count, 6);
  cut.writeUInt16BE(edns.length > 0 ? 1 : 0, 10);
  return cut;
}

/** Names point backwards only, so what follows a record can go without it. */
function fittingAnswers(response: Buffer, limit: number): { end: number; count: number; edns: Buffer } {
  const none = { end: HEADER_BYTES + questionBytes(response).length, count: 0, edns: Buffer.alloc(0) };
  try {
    const all = [...records(response)];
    const opt = all.find(({ type }) => type === TYPE_OPT);
    const edns = opt ? response.subarray(opt.start, opt.end) : none.edns;
    const answers = all.slice(0, response.readUInt16BE(6));
    const count = answers.filter(({ end }) => end + edns.length <= limit).length;
    return { end: answers[count - 1]?.end ?? none.end, count, edns };
  } catch (error) {
    if (error instanceof RangeError) return none;
    throw error;
  }
}

/**
 * What to ask another server on behalf of `query`: the same question, and EDNS without options where it has EDNS. Those
 * are between a client and us (RFC 6891, 6.1.1), and the random cookie of one would make of each question another one.
 */
export function onwardQuery(query: Buffer, udpBytes: number): Buffer {
  const opt = optOf(query);
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 6);
  header.writeUInt16BE(opt ? 1 : 0, 10);
  return Buffer.concat([header, questionBytes(query), opt ? bareOpt(udpBytes, opt.ttl) : NO_BYTES]);
}

/** None in what cannot be read to its end. */
function optOf(message: Buffer): RecordAt | undefined {
  try {
    return [...records(message)].find(({ type }) => type === TYPE_OPT);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Root name, type, size, of the flags the wish for signatures alone, no data. */
function bareOpt(udpBytes: number, flags: number): Buffer {
  const bytes = Buffer.alloc(11);
  bytes.writeUInt16BE(TYPE_OPT, 1);
  bytes.writeUInt16BE(udpBytes, 3);
  bytes.writeUInt32BE(flags & FLAG_DNSSEC_OK, 5);
  return bytes;
}

/** A copy that answers `query`: its id and its spelling of the name, and `agedSeconds` less to live. */
export function answerTo(query: Buffer, response: Buffer, agedSeconds = 0): Buffer {
  const copy = Buffer.from(response);
  query.copy(copy, 0, 0, 2);
  questionBytes(query).copy(copy, HEADER_BYTES);
  for (const { ttlAt, ttl } of agedSeconds > 0 ? lives(copy) : []) {
    copy.writeUInt32BE(Math.max(1, ttl - agedSeconds), ttlAt);
  }
  return copy;
}

/**
 * How long a response may be kept: the shortest life of its records; of one without an answer what its SOA says
 * (RFC 2308, 5). `undefined`: not to be kept.
 */
export function lifetimeSeconds(response: Buffer): number | undefined {
  const all = [...lives(response)];
  if (response.readUInt16BE(6) > 0) return Math.min(...all.map(({ ttl }) => ttl));
  const soa = all.find(({ type }) => type === TYPE_SOA);
  return soa ? Math.min(soa.ttl, response.readUInt32BE(soa.end - 4)) : undefined;
}

interface RecordAt {
  type: number;
  start: number;
  ttl: number;
  ttlAt: number;
  end: number;
}

/** All records but OPT, whose field at that place is no time. */
function* lives(message: Buffer): Generator<RecordAt> {
  for (const record of records(message)) if (record.type !== TYPE_OPT) yield record;
}

/** Throws a RangeError on a message that ends too early. */
function* records(message: Buffer): Generator<RecordAt> {
  let at = HEADER_BYTES + questionBytes(message).length;
  const count = [6, 8, 10].reduce((sum, offset) => sum + message.readUInt16BE(offset), 0);
  for (let i = 0; i < count; i++) {
    const fixed = skipName(message, at);
    const type = message.readUInt16BE(fixed);
    const end = fixed + 10 + message.readUInt16BE(fixed + 8);
    if (end > message.length) throw new RangeError('a record ends after its message');
    yield { type, start: at, ttl: message.readUInt32BE(fixed + 4), ttlAt: fixed + 4, end };
    at = end;
  }
}

/** Where the name that begins at `from` ends. Throws a RangeError when that is after the message. */
export function skipName(message: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const length = message.readUInt8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) throw new RangeError('a label of a kind that nobody uses');
    at += length + 1;
  }
}
