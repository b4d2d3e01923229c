// Reads a container's log file as the text that a client asked for, as fast as the client takes it; following goes
// across rotations and ends when the container has ended and everything is read.
import { type Clock, systemClock } from '../../base/clock.ts';
import { followFile } from './follow-file.ts';
import { fromOffset, openIfThere } from './log-file.ts';
import { tailOffset } from './log-tail.ts';
import { LogText } from './log-text.ts';

export interface OpenLogOptions {
  /** The file of the attempt wanted; for `previous` that of the one before (log-paths.ts). */
  path: string;
  timestamps?: boolean;
  /** Stay until the container has ended, giving what it writes. */
  follow?: boolean;
  /** Asked while following: whether nothing more will be written. */
  hasEnded?: () => boolean | Promise<boolean>;
  tailLines?: number | undefined;
  /** Milliseconds since the epoch: only lines of that time or later. */
  sinceMs?: number | undefined;
  /** At most this many bytes of text. */
  limitBytes?: number | undefined;
  clock?: Clock;
}

/**
 * The text in chunks of up to 64 KiB of the file. A file that does not exist is empty, or awaited when following.
 * Ends when `signal` aborts. conmon empties a full log, so a follower slower than the container misses what a
 * rotation drops.
 */
export async function* openLog(options: OpenLogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  let leftBytes = options.limitBytes ?? Number.POSITIVE_INFINITY;
  if (leftBytes <= 0) return;
  for await (const text of textOf(options, signal)) {
    if (text.length >= leftBytes) {
      yield text.subarray(0, leftBytes);
      return;
    }
    leftBytes -= text.length;
    yield text;
  }
}

async function* textOf(options: OpenLogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  const text = new LogText({ timestamps: options.timestamps ?? false, sinceMs: options.sinceMs });
  const chunks = options.follow ? followed(options, text, signal) : once(options, signal);
  for await (const chunk of chunks) {
    const piece = text.push(chunk);
    if (piece.length > 0) yield piece;
  }
}

async function* once(options: OpenLogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  const file = await openIfThere(options.path);
  if (!file) return;
  try {
    const start = options.tailLines === undefined ? 0 : await tailOffset(file, options.tailLines);
    yield* fromOffset(file, start, signal);
  } finally {
    await file.close();
  }
}

function followed(options: OpenLogOptions, text: LogText, signal: AbortSignal): AsyncGenerator<Buffer> {
  return followFile(
    {
      path: options.path,
      tailLines: options.tailLines,
      hasEnded: options.hasEnded ?? (() => false),
      onRotation: () => text.dropRest(),
      clock: options.clock ?? systemClock,
    },
    signal,
  );
}
