// Writes tar archives (POSIX ustar) for images that are made on the spot: a few small files, in memory.

export type TarEntry =
  | { path: string; content: Buffer; mode: number }
  | { path: string; linkTo: string }
  | { path: string; folder: true; mode?: number };

const blockBytes = 512;

/** The archive of these entries. Paths have no leading slash and at most 100 bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = 'content' in entry ? entry.content : Buffer.alloc(0);
    return [header(entry, content.length), content, Buffer.alloc(padding(content.length))];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

/** Fields at their offsets as POSIX.1-1988 ustar has them. The time is 0: equal content gives an equal image id. */
function header(entry: TarEntry, sizeBytes: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100) throw new Error(`path too long for a tar entry: ${entry.path}`);
  const block = Buffer.alloc(blockBytes);
  block.write(entry.path, 0);
  block.write(octal('mode' in entry ? (entry.mode ?? 0o755) : 0o755, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(sizeBytes, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write('content' in entry ? '0' : 'linkTo' in entry ? '2' : '5', 156);
  if ('linkTo' in entry) block.write(entry.linkTo, 157);
  block.write('ustar\x0000', 257);
  block.write(octal(checksum(block), 7), 148);
  return block;
}

function checksum(block: Buffer): number {
  return block.reduce((sum, byte) => sum + byte, 0);
}

/** `width` counts the closing NUL. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

function padding(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}
