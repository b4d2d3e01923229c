// Where in a log file the last lines begin, found from its end: a tail of a 10 MiB file reads a few blocks.
import type { FileHandle } from 'node:fs/promises';
import { parseLogLine } from './log-line.ts';

const blockBytes = 64 * 1024;
const lineFeed = 0x0a;

/** Offset of the first byte of the last `count` whole lines (parts of one line count as one); 0 = all of it. */
export async function tailOffset(file: FileHandle, count: number): Promise<number> {
  return (await tailStart(file, count)).offset;
}

/** The same, and how many lines there are too few. */
export async function tailStart(
  file: FileHandle,
  count: number,
): Promise<{ offset: number; missing: number }> {
  const { size } = await file.stat();
  if (count <= 0) return { offset: size, missing: 0 };
  let seen = 0;
  let lineEnd: number | undefined;
  for await (const { at, block } of backwards(file, size)) {
    for (let feed = block.lastIndexOf(lineFeed); feed >= 0; feed = lastFeedBefore(block, feed)) {
      const lineStart = at + feed + 1;
      if (
        lineEnd !== undefined &&
        (await endsLine(file, lineStart, lineEnd, { at, block })) &&
        ++seen > count
      )
        return { offset: lineEnd, missing: 0 };
      lineEnd = lineStart;
    }
  }
  if (lineEnd !== undefined && (await endsLine(file, 0, lineEnd)) && ++seen > count)
    return { offset: lineEnd, missing: 0 };
  return { offset: 0, missing: count - seen };
}

/** Enough for conmon's time stamp, stream name and tag. */
const headBytes = 128;

interface Block {
  at: number;
  block: Buffer;
}

/** Bytes [start, end) hold one line of the file; whether the text's line ends with it. */
async function endsLine(file: FileHandle, start: number, end: number, known?: Block): Promise<boolean> {
  const length = Math.min(end - start, headBytes);
  const line = parseLogLine(blockPart(start, length, known) ?? (await readPart(file, start, length)));
  return line !== undefined && !line.isPart;
}

function blockPart(start: number, length: number, known: Block | undefined): Buffer | undefined {
  if (!known || start + length > known.at + known.block.length) return undefined;
  return known.block.subarray(start - known.at, start - known.at + length);
}

async function readPart(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const head = Buffer.alloc(length);
  await file.read(head, 0, length, start);
  return head;
}

function lastFeedBefore(block: Buffer, feed: number): number {
  return feed === 0 ? -1 : block.lastIndexOf(lineFeed, feed - 1);
}

async function* backwards(file: FileHandle, size: number): AsyncGenerator<Block> {
  for (let end = size; end > 0; ) {
    const at = Math.max(0, end - blockBytes);
    const block = Buffer.alloc(end - at);
    await file.read(block, 0, block.length, at);
    yield { at, block };
    end = at;
  }
}
