// Archives of images on disk: whether they are complete, and their tar stream, whatever they are packed with.
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** The first bytes say how it is packed: names lie. */
export async function openArchive(path: string): Promise<Readable> {
  const head = await firstBytes(path, 4);
  const file = createReadStream(path);
  const unpack = head.startsWith('1f8b')
    ? createGunzip()
    : head === '28b52ffd'
      ? createZstdDecompress()
      : undefined;
  if (!unpack) return file;
  file.on('error', (error) => unpack.destroy(error));
  return file.pipe(unpack);
}

async function firstBytes(path: string, count: number): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead).toString('hex');
  } finally {
    await file.close();
  }
}

/** Whether a process of this board has it open for writing: a copy under way may pause for long. */
export async function isBeingWritten(path: string): Promise<boolean> {
  const target = await realpath(path);
  for (const pid of await readdir('/proc')) {
    if (/^\d+$/.test(pid) && (await writes(pid, target))) return true;
  }
  return false;
}

/** Processes and files come and go under way: what is gone writes nothing. */
async function writes(pid: string, target: string): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const fd of fds) {
    if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(() => undefined)) !== target) continue;
    const flags = /^flags:\s*(\d+)/m.exec(
      await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8').catch(() => ''),
    )?.[1];
    // O_WRONLY is 1, O_RDWR is 2 (octal, fcntl(2)).
    if ((Number.parseInt(flags ?? '0', 8) & 3) !== 0) return true;
  }
  return false;
}
