// Node's HTTP parser takes bytes past the socket's stream until somebody listens to that. TLS then hands on all that it
// has decrypted, also after reading was stopped, and the stopped parser calls it no HTTP: a client that sends many
// requests at once would be cut off. Through the stream they wait.
import type { Duplex } from 'node:stream';

/** For a connection of which nothing has been read. */
export function readAsStream(socket: Duplex): void {
  const ignore = () => undefined;
  socket.on('data', ignore);
  socket.off('data', ignore);
}
