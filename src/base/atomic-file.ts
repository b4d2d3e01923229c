// Files that are whole or absent, also after a power cut: written aside, synced, renamed, directory synced.
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces `path`; resolves once a power cut can no longer undo it. Makes missing directories (mode 0700). */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
): Promise<void> {
  const aside = `${path}.tmp`;
  await writeAside(aside, data, mode);
  await rename(aside, path);
  await syncPath(dirname(path));
}

/**
 * As {@link writeFileAtomically}, but never replaces: of several at once one makes the file. Resolves with whether it
 * was this one; then and otherwise the file is whole and stays.
 */
export async function createFileAtomically(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
): Promise<boolean> {
  const aside = `${path}.${randomUUID()}.tmp`;
  try {
    await writeAside(aside, data, mode);
    const isFirst = await linkIfAbsent(aside, path);
    await syncPath(dirname(path));
    return isFirst;
  } finally {
    await rm(aside, { force: true });
  }
}

async function writeAside(aside: string, data: string | Uint8Array, mode: number): Promise<void> {
  await mkdir(dirname(aside), { recursive: true, mode: 0o700 });
  await rm(aside, { force: true });
  const file = await open(aside, 'wx', mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function linkIfAbsent(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
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

/**
 * Replaces `path`, in a directory that is there: after a power cut it holds the old content or the new. One sync less
 * than {@link writeFileAtomically}, for what may fall back a step.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const aside = `${path}.tmp`;
  try {
    const file = await open(aside, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    // On a full disk the half of it would take what room is left.
    await rm(aside, { force: true });
    throw error;
  }
}
