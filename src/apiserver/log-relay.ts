// Joins a board's log session to a client's answer: bytes go through as fast as the slower side takes them, an
// error before the log is found becomes the HTTP answer, one after it cuts the connection.
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { STDOUT_CHANNEL } from '../api/session.ts';
import type { BoardSession } from './streams/board-session.ts';

/** Resolves when the stream is over. @throws StatusError; the client may have been answered by then. */
export async function relayLog(session: BoardSession, response: ServerResponse): Promise<void> {
  const log = session.channel(STDOUT_CHANNEL);
  response.once('close', () => session.leave());
  if (response.destroyed) session.leave();
  await session.begun();
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const isWritten = pipeline(log, response, { end: false });
  // Of the two that may fail together, the board's own word is the reason.
  isWritten.catch(() => undefined);
  try {
    await session.ended;
    await isWritten;
    response.end();
  } catch (error) {
    if (!response.destroyed) throw error;
  } finally {
    session.close();
  }
}
