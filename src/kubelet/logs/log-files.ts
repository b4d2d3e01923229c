// The files of one container attempt's log. conmon starts `<n>.log` afresh at its size limit and drops what was there;
// so the agent holds that file by a second name, `<n>.log.now`, and calls it `<n>.log.1`, `.2`, … once conmon let it go.
import { link, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { namesIn } from '../../base/if-present.ts';

const HELD = 'now';

/** Paths, oldest first; the last is the one that is written. */
export async function logFiles(logPath: string): Promise<string[]> {
  const rotated = (await rotatedFiles(logPath)).map(({ path }) => path);
  const held = await inodeOf(heldPath(logPath));
  const isLetGo = held !== undefined && held !== (await inodeOf(logPath));
  return [...rotated, ...(isLetGo ? [heldPath(logPath)] : []), logPath];
}

/**
 * Brings the names in line with what conmon did since the last call, and removes the oldest above `maxFiles`. Returns
 * the file that is written now, by its inode; `undefined` when there is none yet.
 */
export async function holdLog(logPath: string, maxFiles: number): Promise<number | undefined> {
  const written = await inodeOf(logPath);
  const held = await inodeOf(heldPath(logPath));
  if (written === undefined || written === held) return written;
  const rotated = await rotatedFiles(logPath);
  if (held !== undefined) {
    const next = `${logPath}.${(rotated.at(-1)?.number ?? 0) + 1}`;
    await rename(heldPath(logPath), next);
    rotated.push({ path: next, number: 0 });
  }
  await link(logPath, heldPath(logPath));
  for (const { path } of rotated.slice(0, Math.max(0, rotated.length - (maxFiles - 1))))
    await rm(path, { force: true });
  return written;
}

function heldPath(logPath: string): string {
  return `${logPath}.${HELD}`;
}

async function rotatedFiles(logPath: string): Promise<{ path: string; number: number }[]> {
  const prefix = `${basename(logPath)}.`;
  const numbers = (await namesIn(dirname(logPath)))
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((end) => /^\d+$/.test(end))
    .map(Number)
    .sort((a, b) => a - b);
  return numbers.map((number) => ({ path: join(dirname(logPath), `${prefix}${number}`), number }));
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
