// Frames of SPDY/3.1, read from bytes as they come and written. Data is handed on piece by piece, so a large frame
// costs no memory. https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/

export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;
export const PING = 6;
export const GOAWAY = 7;
export const HEADERS = 8;

export const FLAG_FIN = 1;
export const REFUSED_STREAM = 3;
export const CANCEL = 5;

export type SpdyFrame =
  | { kind: 'data'; streamId: number; bytes: Buffer; isLast: boolean }
  | { kind: 'control'; type: number; flags: number; body: Buffer };

const HEAD_BYTES = 8;
const VERSION = 0x8003;
const MAX_CONTROL_BYTES = 32 * 1024;
const STREAM_ID_MASK = 0x7fffffff;

/** Throws for what is no SPDY/3: the connection cannot go on then. */
export async function* readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<SpdyFrame> {
  let rest: Buffer = Buffer.alloc(0);
  /** Of a data frame that has begun. */
  let open: { streamId: number; isFin: boolean; left: number } | undefined;
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (open) {
        const bytes = rest.subarray(0, open.left);
        if (bytes.length === 0 && open.left > 0) break;
        rest = rest.subarray(bytes.length);
        open.left -= bytes.length;
        const isLast = open.isFin && open.left === 0;
        yield { kind: 'data', streamId: open.streamId, bytes, isLast };
        if (open.left === 0) open = undefined;
        continue;
      }
      if (rest.length < HEAD_BYTES) break;
      const length = rest.readUIntBE(5, 3);
      const flags = rest.readUInt8(4);
      if ((rest.readUInt8(0) & 0x80) === 0) {
        open = { streamId: rest.readUInt32BE(0), isFin: (flags & FLAG_FIN) !== 0, left: length };
        rest = rest.subarray(HEAD_BYTES);
        continue;
      }
      if (rest.readUInt16BE(0) !== VERSION) throw new Error('this is not SPDY/3');
      if (length > MAX_CONTROL_BYTES) throw new Error('a control frame is too large');
      if (rest.length < HEAD_BYTES + length) break;
      const body = rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
      yield { kind: 'control', type: rest.readUInt16BE(2), flags, body };
      rest = rest.subarray(HEAD_BYTES + length);
    }
  }
}

export function dataFrame(streamId: number, bytes: Uint8Array, isLast: boolean): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + bytes.length);
  frame.writeUInt32BE(streamId, 0);
  frame.writeUInt8(isLast ? FLAG_FIN : 0, 4);
  frame.writeUIntBE(bytes.length, 5, 3);
  frame.set(bytes, HEAD_BYTES);
  return frame;
}

export function controlFrame(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(VERSION, 0);
  head.writeUInt16BE(type, 2);
  head.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([head, body]);
}

/** A body of 32-bit numbers, of which PING, RST_STREAM and GOAWAY are made. */
export function words(...values: number[]): Buffer {
  const body = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) body.writeUInt32BE(value, 4 * index);
  return body;
}

export const streamIdOf = (body: Buffer): number => body.readUInt32BE(0) & STREAM_ID_MASK;
