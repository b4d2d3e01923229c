// How one value lies on disk: CRC-32 (4 bytes, over key and all that follows), format (1), revision (6), JSON
// that is encrypted where asked. What does not match its checksum is never read as something else.
import { crc32 } from 'node:zlib';
import type { ValueCipher } from '../base/value-cipher.ts';

const HEADER_BYTES = 11;
const PLAIN = 0;
const ENCRYPTED = 1;

export interface Encryption {
  cipher: ValueCipher;
  /** Keys that start with one of these are encrypted, such as `/registry/core/secrets/`. */
  prefixes: readonly string[];
}

interface DecodedRecord {
  value: unknown;
  revision: number;
  checksum: number;
}

export class RecordCodec {
  readonly #encryption: Encryption | undefined;

  constructor(encryption: Encryption | undefined) {
    this.#encryption = encryption;
  }

  encode(key: string, revision: number, value: unknown): { bytes: Buffer; checksum: number } {
    const json = Buffer.from(JSON.stringify(value));
    const cipher = this.#encryption?.prefixes.some((p) => key.startsWith(p)) && this.#encryption.cipher;
    const payload = cipher ? cipher.encrypt(key, json) : json;
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
    bytes[4] = cipher ? ENCRYPTED : PLAIN;
    bytes.writeUIntLE(revision, 5, 6);
    bytes.set(payload, HEADER_BYTES);
    const checksum = checksumOf(key, bytes);
    bytes.writeUInt32LE(checksum, 0);
    return { bytes, checksum };
  }

  /** Throws a plain Error that says what is wrong with the record. */
  decode(key: string, stored: Uint8Array): DecodedRecord {
    const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
    if (bytes.length < HEADER_BYTES) throw new Error(`the value of ${key} is cut short`);
    const checksum = bytes.readUInt32LE(0);
    if (checksum !== checksumOf(key, bytes))
      throw new Error(`the value of ${key} does not match its checksum`);
    const json = this.#open(key, bytes[4] as number, bytes.subarray(HEADER_BYTES));
    return { value: JSON.parse(json.toString()), revision: bytes.readUIntLE(5, 6), checksum };
  }

  #open(key: string, format: number, payload: Buffer): Buffer {
    if (format === PLAIN) return payload;
    if (format !== ENCRYPTED)
      throw new Error(`the value of ${key} has format ${format}, made by a newer version`);
    if (!this.#encryption) throw new Error(`the value of ${key} is encrypted and no key was given`);
    try {
      return this.#encryption.cipher.decrypt(key, payload);
    } catch (cause) {
      throw new Error(`the value of ${key} was encrypted with another key`, { cause });
    }
  }
}

function checksumOf(key: string, record: Buffer): number {
  return crc32(record.subarray(4), crc32(key));
}
