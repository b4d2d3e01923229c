// A WebSocket as a plain stream of bytes in both directions, with back-pressure; the bounds of messages mean nothing.
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

const NORMAL_CLOSURE = 1000;

/** Begins to read the socket, which must be paused. */
export function webSocketDuplex(socket: WebSocket): Duplex {
  const duplex = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => socket.send(chunk, done),
    final: (done) => {
      socket.close(NORMAL_CLOSURE);
      done();
    },
    destroy: (error, done) => {
      socket.terminate();
      done(error);
    },
  });
  socket.on('message', (data) => {
    if (!duplex.push(data as Buffer)) socket.pause();
  });
  socket.on('close', () => duplex.destroy());
  return duplex;
}
