// The input of a process on podman's connection: its end is a half-close, the connection itself goes on.
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';

export function inputStream(socket: Socket): Writable {
  const input = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (socket.writable) socket.write(chunk, done);
      else done(new Error('the process has ended'));
    },
    final: (done) => {
      if (socket.writable) socket.end(done);
      else done();
    },
  });
  // The process may end with input unread: whoever writes sees it by the close.
  input.on('error', () => undefined);
  socket.once('close', () => input.destroy());
  return input;
}
