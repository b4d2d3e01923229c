// Header blocks of SPDY/3.1: pairs of length-prefixed strings, compressed with one zlib context per direction that
// lives as long as the connection.
import { createInflate, type Inflate } from 'node:zlib';
import { DICTIONARY_ID, spdyDictionary } from './dictionary.ts';

/** kubectl sends five short headers; more than this is an attack on memory. */
const MAX_BLOCK_BYTES = 16 * 1024;

export class HeaderReader {
  readonly #inflate: Inflate;
  #block: Buffer[] = [];
  #bytes = 0;

  constructor() {
    this.#inflate = createInflate({ dictionary: spdyDictionary() });
    // Whoever reads a block hears of it; what breaks beside that has nobody to tell and must not end the process.
    this.#inflate.on('error', () => undefined);
    this.#inflate.on('data', (piece: Buffer) => this.#collect(piece));
  }

  /** Names in lower case. Rejects for what is no header block: the connection cannot go on then. */
  async read(compressed: Buffer): Promise<Map<string, string>> {
    this.#block = [];
    this.#bytes = 0;
    await new Promise<void>((resolve, reject) => {
      this.#inflate.once('error', reject);
      this.#inflate.write(compressed, (error) => {
        this.#inflate.off('error', reject);
        if (error) reject(error);
        else resolve();
      });
    });
    return parseHeaders(Buffer.concat(this.#block));
  }

  close(): void {
    this.#inflate.destroy();
  }

  #collect(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > MAX_BLOCK_BYTES) this.#inflate.destroy(new Error('the headers are too large'));
    else this.#block.push(piece);
  }
}

function parseHeaders(block: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 4;
  const text = () => {
    const start = at + 4;
    at = start + block.readUInt32BE(at);
    if (at > block.length) throw new Error('a header is cut off');
    return block.toString('latin1', start, at);
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}

/**
 * Gives header blocks without headers, the only ones that this server sends, as zlib streams know them: blocks
 * that are stored as they are (RFC 1951, 3.2.4) need no compressor and none of its 256 KiB.
 */
export class EmptyHeaderWriter {
  #isFirst = true;

  next(): Buffer {
    // Four zeros, then an empty block: Go hands on what it has read only when it meets one (a flush).
    const noHeaders = Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
    if (!this.#isFirst) return noHeaders;
    this.#isFirst = false;
    // RFC 1950, 2.2: deflate with a 32 KiB window, and the dictionary that follows by its checksum.
    const head = Buffer.from([0x78, 0x20, 0, 0, 0, 0]);
    head.writeUInt32BE(DICTIONARY_ID, 2);
    return Buffer.concat([head, noHeaders]);
  }
}
