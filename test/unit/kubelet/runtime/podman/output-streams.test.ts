import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { outputStreams } from '../../../../../src/kubelet/runtime/podman/output-streams.ts';

const TROUBLE = 'Error: read unixpacket @->/proc/self/fd/13/attach: read: connection reset by peer\n';

function piece(stream: 1 | 2, content: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(content), 4);
  return Buffer.concat([head, Buffer.from(content)]);
}

/** As it comes out when the connection brings `bytes` in chunks of `size`. */
async function read(bytes: Buffer, size: number): Promise<string[]> {
  const socket = new PassThrough();
  const { stdout, stderr } = outputStreams(socket as unknown as Socket, false);
  for (let at = 0; at < bytes.length; at += size) socket.write(bytes.subarray(at, at + size));
  socket.end();
  return Promise.all([text(stdout), text(stderr)]);
}

for (const size of [1, 7, 100_000]) {
  t.test(`both outputs are told apart when they come in chunks of ${size}`, async (t) => {
    const long = 'x'.repeat(5000);
    const bytes = Buffer.concat([
      piece(1, 'a'),
      piece(2, 'b'),
      piece(1, long),
      piece(2, TROUBLE),
      piece(1, ''),
    ]);
    t.same(await read(bytes, size), [`a${long}`, 'b']);
  });
}

t.test('what was under way when podman died is given as far as it came', async (t) => {
  t.same(await read(piece(1, 'hello').subarray(0, 10), 100), ['he', '']);
});

t.test("only podman's own words are left out: a program may say nearly the same", async (t) => {
  const words = `grep: ${TROUBLE}`;
  t.same(await read(piece(2, words), 100), ['', words]);
});
