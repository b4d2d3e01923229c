// LevelDB's opening renames and removes files without syncing the directory, so a power cut in the middle of it
// can leave a CURRENT that names a removed file. The guard is a second set of names (hard links, no data copied)
// for the files as they were before the opening; while it exists nothing has been acknowledged since, so going
// back to it loses nothing.
import { constants, copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '../base/atomic-file.ts';

/** LevelDB's text log and lock hold no data. */
const NO_DATA = new Set(['LOCK', 'LOG', 'LOG.old']);

export class OpeningGuard {
  readonly #directory: string;
  readonly #databasePath: string;
  readonly #path: string;
  readonly #unfinishedPath: string;

  constructor(directory: string, databasePath: string) {
    this.#directory = directory;
    this.#databasePath = databasePath;
    this.#path = join(directory, 'opening');
    this.#unfinishedPath = join(directory, 'opening.tmp');
  }

  /** Takes an interrupted opening back; resolves with `true` when there was one: its guard still stands. */
  async recover(): Promise<boolean> {
    await rm(this.#unfinishedPath, { recursive: true, force: true });
    const names = await readdir(this.#directory);
    if (!names.includes('opening')) return false;
    await rm(this.#databasePath, { recursive: true, force: true });
    await mkdir(this.#databasePath, { mode: 0o700 });
    await linkAll(this.#path, this.#databasePath);
    await syncPath(this.#databasePath);
    await syncPath(this.#directory);
    return true;
  }

  async set(): Promise<void> {
    await mkdir(this.#unfinishedPath, { mode: 0o700 });
    await linkAll(this.#databasePath, this.#unfinishedPath);
    await syncPath(this.#unfinishedPath);
    await rename(this.#unfinishedPath, this.#path);
    await syncPath(this.#directory);
  }

  /** The opening is complete and durable. From here on writes may be acknowledged. */
  async drop(): Promise<void> {
    await rename(this.#path, this.#unfinishedPath);
    await syncPath(this.#directory);
    await rm(this.#unfinishedPath, { recursive: true, force: true });
  }
}

async function linkAll(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) {
    if (!NO_DATA.has(name)) await linkOrCopy(join(from, name), join(to, name));
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // FAT and some network file systems have no hard links.
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await syncPath(to);
  }
}
