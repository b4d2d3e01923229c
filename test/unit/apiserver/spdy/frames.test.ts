// SPDY/3.1 on the wire: frames cut anywhere, the compressed headers of real clients, and what is no SPDY.
import { constants, createDeflate, createInflate } from 'node:zlib';
import t from 'tap';
import { DICTIONARY_ID, spdyDictionary } from '../../../../src/apiserver/spdy/dictionary.ts';
import { controlFrame, dataFrame, PING, readFrames, words } from '../../../../src/apiserver/spdy/frames.ts';
import { EmptyHeaderWriter, HeaderReader } from '../../../../src/apiserver/spdy/header-block.ts';

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function adler32(bytes: Buffer): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

t.test('the dictionary is the one that every client has', async (t) => {
  t.equal(adler32(spdyDictionary()), DICTIONARY_ID);
});

t.test('frames are read whole wherever the bytes are cut', async (t) => {
  const bytes = Buffer.concat([
    dataFrame(1, Buffer.from('hello '), false),
    controlFrame(PING, words(7)),
    dataFrame(1, Buffer.from('world'), true),
    dataFrame(3, Buffer.alloc(0), true),
  ]);
  for (const size of [1, 2, 7, 9, 1000]) {
    let text = '';
    const rest: unknown[] = [];
    for await (const frame of readFrames(inPieces(bytes, size))) {
      if (frame.kind === 'control') rest.push([frame.type, frame.body.readUInt32BE()]);
      else {
        text += frame.bytes;
        if (frame.isLast) rest.push(frame.streamId);
      }
    }
    t.equal(text, 'hello world', `in pieces of ${size}`);
    t.same(rest, [[PING, 7], 1, 3]);
  }
});

t.test('what is no SPDY/3, or too large, ends the reading', async (t) => {
  const read = async (bytes: Buffer) => {
    for await (const _ of readFrames(inPieces(bytes, 100)));
  };
  await t.rejects(read(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0])), /not SPDY/);
  await t.rejects(read(Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff])), /too large/);
});

function headerBlock(headers: Record<string, string>): Buffer {
  const parts = [words(Object.keys(headers).length)];
  for (const text of Object.entries(headers).flat()) parts.push(words(text.length), Buffer.from(text));
  return Buffer.concat(parts);
}

t.test('headers of one connection are read with one context', async (t) => {
  const deflate = createDeflate({ dictionary: spdyDictionary() });
  const compress = (block: Buffer) =>
    new Promise<Buffer>((resolve) => {
      deflate.write(block);
      deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(deflate.read()));
    });
  const reader = new HeaderReader();
  const blocks: Record<string, string>[] = [{ Streamtype: 'error' }, { Streamtype: 'data', Port: '80' }];
  for (const headers of blocks) {
    const read = await reader.read(await compress(headerBlock(headers)));
    t.same(
      Object.fromEntries(read),
      Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v])),
    );
  }
  await t.rejects(reader.read(await compress(headerBlock({ bomb: 'x'.repeat(100_000) }))));
  reader.close();
});

t.test('headers that are no headers are refused', async (t) => {
  const reader = new HeaderReader();
  await t.rejects(reader.read(Buffer.from('no zlib at all')));
  reader.close();
});

t.test('our empty headers are what zlib makes of them', async (t) => {
  const writer = new EmptyHeaderWriter();
  const inflate = createInflate({ dictionary: spdyDictionary() });
  for (let i = 0; i < 3; i++) inflate.write(writer.next());
  const chunks: Buffer[] = [];
  inflate.on('data', (chunk) => chunks.push(chunk));
  await new Promise<void>((resolve) => inflate.flush(() => resolve()));
  t.same(Buffer.concat(chunks), Buffer.alloc(12));
  inflate.destroy();
});
