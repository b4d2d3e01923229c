// A log over WebSocket, as browsers and upstream's tests read it: `binary.k8s.io` carries bytes as they are,
// `base64.binary.k8s.io` text messages of base64.
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import { STDOUT_CHANNEL } from '../../api/session.ts';
import type { BoardSession } from './board-session.ts';

export const LOG_PROTOCOLS = ['binary.k8s.io', 'base64.binary.k8s.io', ''];

const NORMAL_CLOSURE = 1000;
const INTERNAL_ERROR = 1011;

/** Resolves when the log has ended or the client is gone. @throws StatusError before `accept` is called. */
export async function relayLogToWebSocket(
  session: BoardSession,
  protocol: string,
  accept: () => Promise<WebSocket>,
): Promise<void> {
  const log = session.channel(STDOUT_CHANNEL);
  await session.begun();
  try {
    const socket = await accept();
    socket.once('close', () => session.leave());
    socket.resume();
    const isSent = pipeline(log, messages(socket, protocol));
    // Of the two that may fail together, the session's own word decides.
    isSent.catch(() => undefined);
    const isWhole = await session.ended.then(
      () => isSent.then(() => true),
      () => false,
    );
    socket.close(isWhole ? NORMAL_CLOSURE : INTERNAL_ERROR);
  } finally {
    session.close();
  }
}

export function sendEmptyLog(socket: WebSocket): void {
  socket.resume();
  socket.close(NORMAL_CLOSURE);
}

function messages(socket: WebSocket, protocol: string): Writable {
  const isBase64 = protocol.startsWith('base64.');
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => socket.send(isBase64 ? chunk.toString('base64') : chunk, done),
  });
}
