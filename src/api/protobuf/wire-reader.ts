// Protobuf's wire format, read from bytes that may be anything: every step is bounded by the buffer, and what does
// not fit is a 400, never another error. https://protobuf.dev/programming-guides/encoding/
import { badRequest, type StatusError } from '../status-error.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

export const malformed = (why: string): StatusError => badRequest(`the body is not valid protobuf: ${why}`);

/** Reads one message; the buffer is shared, not copied. */
export class WireReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** The next field's number and wire type. @throws StatusError BadRequest, as all below. */
  tag(): { number: number; wireType: number } {
    const tag = Number(this.varint());
    const number = Math.floor(tag / 8);
    if (number === 0 || number > MAX_FIELD_NUMBER) throw malformed(`illegal tag ${number}`);
    return { number, wireType: tag % 8 };
  }

  /** 64 bits, unsigned. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) throw truncated();
      this.#position += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed('integer overflow');
  }

  double(): number {
    const value = this.#take(8).readDoubleLE();
    if (Number.isFinite(value)) return value;
    throw malformed(`${value} is no number that JSON knows`);
  }

  bytes(): Buffer {
    return this.#take(Number(this.varint()));
  }

  text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes());
    } catch (error) {
      if (error instanceof TypeError) throw malformed('a string is not valid UTF-8');
      throw error;
    }
  }

  /** Passes over a field that nobody here knows. */
  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.#take(8);
    else if (wireType === LENGTH_DELIMITED) this.bytes();
    else if (wireType === FIXED32) this.#take(4);
    else throw malformed(`illegal wireType ${wireType}`);
  }

  #take(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw truncated();
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }
}

const MAX_FIELD_NUMBER = 2 ** 29 - 1;

const truncated = () => malformed('unexpected EOF');
