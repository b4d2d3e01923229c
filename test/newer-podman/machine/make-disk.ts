// A folder as a disk with ext4 on it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Makes the file `disk`, which takes as much as is written to it. `over` are folders that are seen on it at a place
 * (`[source, place in folder]`) without being copied there; an empty source hides what is there.
 */
export async function makeDisk(
  disk: string,
  sizeGib: number,
  folder: string,
  over: readonly (readonly [string, string])[] = [],
): Promise<void> {
  const mount = ([source, place]: readonly [string, string]) =>
    source ? ['mount', '--bind', source, place] : ['mount', '-t', 'tmpfs', 'tmpfs', place];
  const make = ['mkfs.ext4', '-q', '-F', '-d', folder, disk, `${sizeGib}G`];
  const script = [...over.map(mount), make].map(shellLine).join(' && ');
  await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], { maxBuffer: 1 << 26 });
}

/** The words as a shell's line that says just them. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}
