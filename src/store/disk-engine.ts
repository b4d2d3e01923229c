// LevelDB in a directory: one process at a time, whole or refused with a clear error. It closes LevelDB's
// power-loss gaps: an opening that was interrupted is taken back to where it began (OpeningGuard), and new files
// are made findable (directory synced) before a write that went into them is acknowledged.
import { mkdir, readdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Level } from 'level';
import { syncPath } from '../base/atomic-file.ts';
import { DirectoryLock } from './directory-lock.ts';
import {
  type Database,
  damaged,
  diskFullError,
  type Engine,
  type Head,
  isDiskFull,
  lockedError,
} from './engine.ts';
import { HeadFile } from './head-file.ts';
import { cutManifestTail } from './manifest-tail.ts';
import { OpeningGuard } from './opening-guard.ts';

export interface DiskEngineOptions {
  /** Made when missing. Holds `db/` (LevelDB), `HEAD` and, during an opening, `opening/`. */
  directory: string;
  /** LevelDB's write buffer, at least 64 KiB: how much is written before a new log file begins. */
  writeBufferBytes?: number;
  /** How much of the disk is left alone: once LevelDB meets a full disk it writes no more until it is opened anew. */
  reserveBytes?: number;
}

/** A write buffer and the largest of LevelDB's merges, which come by themselves after a commit. */
const RESERVE_BYTES = 32 << 20;

export class DiskEngine implements Engine {
  readonly location: string;
  readonly #options: DiskEngineOptions;
  readonly #databasePath: string;
  readonly #lock: DirectoryLock;
  readonly #headFile: HeadFile;
  readonly #guard: OpeningGuard;
  #level: Level<string, Uint8Array> | undefined;
  /** The opening has begun and its outcome is not accepted yet. */
  #opening = false;
  #isNew = false;
  /** Names in `db/` that a power cut can no longer take away. */
  #syncedNames = '';

  constructor(options: DiskEngineOptions) {
    this.location = options.directory;
    this.#options = options;
    this.#databasePath = join(options.directory, 'db');
    this.#lock = new DirectoryLock(options.directory);
    this.#headFile = new HeadFile(options.directory);
    this.#guard = new OpeningGuard(options.directory, this.#databasePath);
  }

  async open(): Promise<Database> {
    await makeDirectory(this.#databasePath);
    await this.#lock.take();
    const head = await this.#headFile.read();
    const guarded = await this.#guard.recover();
    this.#isNew = !(await readdir(this.#databasePath)).includes('CURRENT');
    if (this.#isNew && head && !guarded)
      throw damaged(
        this.location,
        `its database is gone, but ${this.#headFile.path} says that there was one`,
      );
    if (!guarded) await this.#guard.set();
    this.#opening = true;
    this.#level = new Level<string, Uint8Array>(this.#databasePath, {
      valueEncoding: 'view',
      createIfMissing: this.#isNew,
      compression: true,
      writeBufferSize: this.#options.writeBufferBytes ?? 1 << 20,
      cacheSize: 1 << 20,
    });
    await this.#openLevel(this.#level);
    return this.#level;
  }

  async #openLevel(level: Level<string, Uint8Array>): Promise<void> {
    const failure = await tryOpening(level);
    if (!failure) return;
    if (failure.code === 'LEVEL_LOCKED') {
      // A process that our lock does not see (in another network namespace) works in there: hands off.
      this.#opening = false;
      await this.#guard.drop();
      throw lockedError(this.location, failure);
    }
    const again =
      failure.code === 'LEVEL_CORRUPTION' && (await cutManifestTail(this.#databasePath))
        ? await tryOpening(level)
        : failure;
    if (again && isDiskFull(again)) throw diskFullError(this.location, again);
    if (again) throw damaged(this.location, `its database cannot be opened: ${again.message}`, again);
  }

  async accept(head: Head): Promise<void> {
    // What a first start had written before it was cut off has never been acknowledged.
    if (!this.#isNew) this.#headFile.check(head, this.location);
    await this.afterCommit();
    await this.#headFile.write(head);
    await this.#guard.drop();
    this.#opening = false;
  }

  /** One system call. What file systems keep for root counts for root. */
  async hasRoom(): Promise<boolean> {
    const { bfree, bavail, bsize } = await statfs(this.#databasePath);
    const freeBytes = (process.geteuid?.() === 0 ? bfree : bavail) * bsize;
    return freeBytes >= (this.#options.reserveBytes ?? RESERVE_BYTES);
  }

  /** A log file that LevelDB began for this commit has to be findable after a power cut. */
  async afterCommit(): Promise<void> {
    const names = (await readdir(this.#databasePath)).sort().join('/');
    if (names === this.#syncedNames) return;
    await syncPath(this.#databasePath);
    this.#syncedNames = names;
  }

  async close(head: Head | undefined): Promise<void> {
    const level = this.#level;
    this.#level = undefined;
    try {
      await level?.close();
      if (this.#opening) await this.#takeBack();
      if (head) await this.#headFile.write(head);
    } finally {
      await this.#lock.release();
    }
  }

  /** A refused opening leaves the directory as it was. */
  async #takeBack(): Promise<void> {
    this.#opening = false;
    if (await this.#guard.recover()) await this.#guard.drop();
  }
}

/** Makes `path` with all that is missing above it, so that a power cut leaves no gap. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncPath(dirname(made));
}

async function tryOpening(level: Level<string, Uint8Array>): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await level.open();
    return undefined;
  } catch (error) {
    return (error as { cause?: NodeJS.ErrnoException }).cause ?? (error as Error);
  }
}
