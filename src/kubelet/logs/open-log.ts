// Reads a container's log file as the text that a client asked for, as fast as the client takes it; following goes
// across rotations and ends when the container has ended and everything is read.
import type { FileHandle } from 'node:fs/promises';
import { type Clock, systemClock } from '../../base/clock.ts';
import { followFile } from './follow-file.ts';
import { fromOffset, openIfThere } from './log-file.ts';
import { logStart } from './log-start.ts';
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
 * Ends when `signal` aborts. Files that were full before come first; a follower so slow
 * that two are filled meanwhile misses one.
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
  for await (const chunk of bytesOf(options, text, signal)) {
    const piece = text.push(chunk);
    if (piece.length > 0) yield piece;
  }
}

async function* bytesOf(options: OpenLogOptions, text: LogText, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { older, tailLines } = await logStart(options.path, options.tailLines);
  for (const { path, offset } of older) {
    yield* once(path, () => offset, signal);
    text.dropRest();
  }
  const rest = { ...options, tailLines };
  yield* options.follow
    ? followed(rest, text, signal)
    : once(options.path, (file) => beginning(file, tailLines), signal);
}

function beginning(file: FileHandle, tailLines: number | undefined): number | Promise<number> {
  return tailLines === undefined ? 0 : tailOffset(file, tailLines);
}

async function* once(
  path: string,
  start: (file: FileHandle) => number | Promise<number>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const file = await openIfThere(path);
  if (!file) return;
  try {
    yield* fromOffset(file, await start(file), signal);
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
