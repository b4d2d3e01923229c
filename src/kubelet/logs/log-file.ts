// A container's log file as it is read: opened if it is there, read to its present end, seen to be rotated.
import { type FileHandle, open, stat } from 'node:fs/promises';

const chunkBytes = 64 * 1024;

/** Everything from `offset` to the end as it is now. */
export async function* fromOffset(
  file: FileHandle,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let at = offset; !signal.aborted; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** conmon renames a new file over a full one: same name, other inode. A file that is gone is read to its end. */
export async function wasRotated(file: FileHandle, path: string): Promise<boolean> {
  try {
    return (await stat(path)).ino !== (await file.stat()).ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

export async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
