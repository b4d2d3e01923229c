// Files that are whole or absent, also after a power cut: written aside, synced, renamed, directory synced.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces `path`; resolves once a power cut can no longer undo it. Makes missing directories (mode 0700). */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
): Promise<void> {
  const aside = `${path}.tmp`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(aside, { force: true });
  const file = await open(aside, 'wx', mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  await syncPath(dirname(path));
}

/** Makes a file's bytes, or a directory's creations, renames and removals, survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The text of `path`, or `undefined` when there is no such file. Other errors are thrown. */
export async function readFileIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
