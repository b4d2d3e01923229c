// HTTP/2 frame by frame, for what no library would send or forgive.
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Test } from 'tap';

export const TYPE = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const;
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;

export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** HPACK without its table and without Huffman: each field as it is (RFC 7541, 6.2.2). */
export function fieldBlock(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([length(bytes.length), bytes]);
}

/** With a prefix of seven bits (RFC 7541, 5.1). */
function length(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

export const request = (...more: Fields): Fields => [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'example.com'],
  [':path', '/'],
  ...more,
];

export const posts: Fields = request().map(([name, value]) => [name, name === ':method' ? 'POST' : value]);

/** A whole request in one frame. */
export const asks = (stream: number, fields: Fields = request(), flags: number = FLAG.endStream): Buffer =>
  frame(TYPE.headers, flags | FLAG.endHeaders, stream, fieldBlock(fields));

export const resets = (stream: number, code = 8): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(TYPE.reset, 0, stream, payload);
};

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A client that has sent its preface and settings. */
export class FrameClient {
  readonly socket: TLSSocket;
  readonly frames: Frame[] = [];
  isClosed = false;
  #rest = Buffer.alloc(0);

  static connect(t: Test, port: number): Promise<FrameClient> {
    const socket = connectTls({ host: '127.0.0.1', port, ALPNProtocols: ['h2'], rejectUnauthorized: false });
    const client = new FrameClient(socket);
    t.teardown(() => socket.destroy());
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        client.send(PREFACE, frame(TYPE.settings, 0, 0));
        resolve(client);
      });
    });
  }

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (part: Buffer) => this.#hear(part));
    socket.once('close', () => {
      this.isClosed = true;
    });
  }

  send(...frames: Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** The connection has ended, or its server has said that it will. */
  get isOver(): boolean {
    return this.isClosed || this.frames.some(({ type }) => type === TYPE.goaway);
  }

  /** The stream was answered or reset, or the connection is over. */
  isDone(stream: number): boolean {
    const ends = ({ type, flags }: Frame) =>
      type === TYPE.reset ||
      ((type === TYPE.data || type === TYPE.headers) && (flags & FLAG.endStream) !== 0);
    return this.isOver || this.frames.some((one) => one.stream === stream && ends(one));
  }

  #hear(part: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, part]);
    const whole = framesIn(this.#rest);
    this.frames.push(...whole);
    this.#rest = this.#rest.subarray(whole.reduce((bytes, { payload }) => bytes + 9 + payload.length, 0));
  }
}

/** Those that are whole. */
export function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const [type, flags] = [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4)];
    const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    frames.push({ type, flags, stream, payload: Buffer.from(bytes.subarray(at + 9, end)) });
    at = end;
  }
  return frames;
}
