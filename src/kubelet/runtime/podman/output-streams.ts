// podman's connection of a process as its streams: with a terminal the bytes are the output as it is, without one
// each piece has 8 bytes in front: 1 stdout or 2 stderr, three zeros, its length big-endian.
import type { Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { drained } from '../../../base/drained.ts';

const HEAD_BYTES = 8;
const STDERR = 2;
/** Shorter pieces are given whole, so that they can be told by their words. */
const WHOLE_BYTES = 512;
/** What podman adds to the OCI runtime's words when a program could not be started: it is about podman alone. */
const OWN_TROUBLE = /^Error: read unixpacket @->\S*attach: read: connection reset by peer\n$/;

/** Both end with the connection. A reader that is behind holds back podman. */
export function outputStreams(socket: Socket, tty: boolean): { stdout: Readable; stderr: Readable } {
  const stderr = new PassThrough();
  const stdout = new PassThrough();
  // A connection that breaks ends both; whoever reads them sees it, and one that nobody reads is no crash.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
  if (tty) {
    stderr.end();
    socket.pipe(stdout);
    socket.once('error', (error) => stdout.destroy(error));
    socket.once('close', () => stdout.end());
  } else {
    void split(socket, stdout, stderr);
  }
  return { stdout, stderr };
}

async function split(socket: Socket, stdout: PassThrough, stderr: PassThrough): Promise<void> {
  try {
    for await (const { isError, bytes } of pieces(socket)) {
      if (isError && bytes.length < WHOLE_BYTES && OWN_TROUBLE.test(bytes.toString())) continue;
      const target = isError ? stderr : stdout;
      if (!target.destroyed && !target.write(bytes)) await drained(target);
    }
    stdout.end();
    stderr.end();
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    stdout.destroy(cause);
    stderr.destroy(cause);
  }
}

/** Pieces may be cut; what is there of a long one is given at once. */
async function* pieces(source: AsyncIterable<Buffer>): AsyncGenerator<{ isError: boolean; bytes: Buffer }> {
  let rest: Buffer = Buffer.alloc(0);
  let isError = false;
  let left = 0;
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= (left > 0 ? leastOf(left) : HEAD_BYTES)) {
      if (left === 0) {
        isError = rest[0] === STDERR;
        left = rest.readUInt32BE(4);
        rest = rest.subarray(HEAD_BYTES);
        continue;
      }
      const bytes = rest.subarray(0, left);
      rest = rest.subarray(bytes.length);
      left -= bytes.length;
      yield { isError, bytes };
    }
  }
  if (left > 0 && rest.length > 0) yield { isError, bytes: rest };
}

const leastOf = (left: number): number => (left < WHOLE_BYTES ? left : 1);
