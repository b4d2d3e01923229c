// Waiting for a reader that is behind, the one way: nothing stays behind at the stream, however often one waits.
import type { Writable } from 'node:stream';

/** Resolves when a stream whose `write` answered false may be written to again, or when it is gone. */
export function drained(stream: Writable): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
