// Answers where Node gives no response object, and what becomes of a body that nobody wants.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest, StatusError } from '../../api/status-error.ts';
import { JSON_TYPE } from './respond.ts';

/** What is read and thrown away after a refused body, so that the client gets to see the refusal. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;

/** For what is no HTTP, or comes too slowly. */
export function httpError(error: NodeJS.ErrnoException): StatusError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new StatusError(408, 'Timeout', 'the request did not arrive in time: send it faster');
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new StatusError(431, 'RequestHeaderFieldsTooLarge', 'the head of the request is too large');
  }
  return badRequest('the request is not valid HTTP');
}

/**
 * Reads the rest of a body away; resolves at its end, when the client has gone, or at a limit. Answer only then: a
 * connection that closes after its answer would otherwise break in the client's hands while it still sends.
 */
export function discard(incoming: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (incoming.destroyed) resolve();
  let left = MAX_DISCARDED_BYTES;
  incoming.once('end', resolve);
  incoming.once('close', resolve);
  incoming.on('error', () => incoming.destroy());
  incoming.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left >= 0) return;
    incoming.pause();
    resolve();
  });
  incoming.resume();
  return promise;
}

/**
 * Writes the error as a whole HTTP answer and ends the connection, also its reading half: a client that neither reads
 * nor hangs up would else hold it for ever.
 */
export function endRaw(socket: Duplex, error: StatusError): void {
  const body = JSON.stringify(error.toStatus());
  const head = [
    `HTTP/1.1 ${error.code} ${error.reason}`,
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
