// When connections and streams of HTTP/2 clients end that nothing is waited for on.
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

/** A connection with a stream that only listens is in use, however long it is silent. */
export function closeWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  let open = 0;
  session.on('stream', (stream) => {
    open += 1;
    stream.once('close', () => {
      open -= 1;
    });
  });
  session.setTimeout(idleMs);
  session.on('timeout', () => {
    if (open === 0) session.close();
  });
}

/**
 * A client that was answered before it ended its request is told that the rest is not wanted (RFC 9113, 8.1): its
 * stream would stay open for as long as it likes.
 */
export function closeOnceAnswered(stream: ServerHttp2Stream): void {
  // Told before the end of the answer has left, it would cut that off.
  const close = () => {
    if (!stream.closed && stream.state.localClose) stream.close(constants.NGHTTP2_NO_ERROR);
  };
  stream.once('finish', () => setImmediate(close));
  // The trailers leave with the next turn, and they are the end.
  stream.once('wantTrailers', () => setImmediate(() => setImmediate(close)));
}
