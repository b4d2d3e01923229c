// Takes in the image archives that lie in the board's folders: at start, and when one is put there. A file is taken
// when nobody writes to it any more; one that is no image archive stays where it is and is told once. What was taken
// in is remembered by name, size and time, so that a restart takes nothing twice.
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { writeFileAtomically } from '../../base/atomic-file.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import { namesIn, readFileIfPresent } from '../../base/if-present.ts';
import type { Logger } from '../../base/logger.ts';
import { isBeingWritten, openArchive } from './archive-file.ts';

export interface PreloadOptions {
  /** Made when it is missing. */
  ownFolder: string;
  /** Such as one on the boot partition, which people write to on their own machines; may be missing. */
  otherFolders: readonly string[];
  /** Where it is kept what was taken in. */
  recordPath: string;
  /** Resolves with the names or ids that the archive held. */
  load(archive: Readable): Promise<string[]>;
  told(type: 'Normal' | 'Warning', reason: string, message: string): void;
  clock: Clock;
  logger: Logger;
}

interface Taken {
  sizeBytes: number;
  modifiedMs: number;
  /** None: it could not be taken in. */
  images: string[];
}

/** Hidden files are those of programs that copy, such as `._NAME` that macOS puts beside each on a card. */
const ARCHIVE = /^[^.].*\.(tar|tar\.gz|tgz|tar\.zst|tzst)$/;
/** Writers come in bursts; after this silence it is looked whether one still has the file open. */
const SETTLE_MS = 2_000;

export class Preload implements Component {
  readonly #options: PreloadOptions;
  #taken = new Map<string, Taken>();
  #watchers: FSWatcher[] = [];
  #timer: Timer | undefined;
  #scanning: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: PreloadOptions) {
    this.#options = options;
  }

  /** Names and ids of images whose archives lie in the folders: they stay. */
  get pinned(): ReadonlySet<string> {
    return new Set([...this.#taken.values()].flatMap(({ images }) => images));
  }

  async start(): Promise<void> {
    const { ownFolder, otherFolders, recordPath } = this.#options;
    this.#isStopped = false;
    await mkdir(ownFolder, { recursive: true, mode: 0o700 });
    this.#taken = new Map(Object.entries(JSON.parse((await readFileIfPresent(recordPath)) ?? '{}')));
    for (const folder of [ownFolder, ...otherFolders]) this.#watch(folder);
    this.#scan();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    await this.#scanning;
  }

  /** Resolves when what lay ready has been taken in. */
  whenSettled(): Promise<void> {
    return this.#scanning;
  }

  /** The board does not have `image`: where an archive held it that was taken in, that is done again. Resolves with whether. */
  async takeAgain(image: string): Promise<boolean> {
    const holders = [...this.#taken].filter(([, { images }]) => images.includes(image));
    if (holders.length === 0) return false;
    for (const [path] of holders) this.#taken.delete(path);
    this.#scan();
    await this.#scanning;
    return true;
  }

  #watch(folder: string): void {
    const { logger } = this.#options;
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null || ARCHIVE.test(name)) this.#scanLater();
      });
      watcher.on('error', (error) =>
        logger.warn({ folder, err: error }, 'folder of images no longer watched'),
      );
      this.#watchers.push(watcher);
    } catch (error) {
      logger.warn({ folder, err: error }, 'folder of images cannot be watched');
    }
  }

  #scanLater(): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(SETTLE_MS, () => this.#scan());
  }

  #scan(): void {
    this.#scanning = this.#scanning
      .then(() => this.#scanAll())
      .catch((error: unknown) =>
        this.#options.logger.warn(
          { err: error },
          'folders of images cannot be read: the next change tries again',
        ),
      );
  }

  async #scanAll(): Promise<void> {
    const { ownFolder, otherFolders, recordPath } = this.#options;
    const before = JSON.stringify(Object.fromEntries(this.#taken));
    const paths: string[] = [];
    for (const folder of [ownFolder, ...otherFolders]) {
      const names = (await namesIn(folder)).filter((name) => ARCHIVE.test(name));
      paths.push(...names.sort().map((name) => join(folder, name)));
    }
    for (const path of this.#taken.keys()) if (!paths.includes(path)) this.#taken.delete(path);
    for (const path of paths) if (!this.#isStopped) await this.#lookAlone(path);
    const after = JSON.stringify(Object.fromEntries(this.#taken));
    if (after !== before) await writeFileAtomically(recordPath, after, 0o600);
  }

  /** What became of one file (it went, it is a link to nowhere) keeps none of the others waiting. */
  async #lookAlone(path: string): Promise<void> {
    try {
      await this.#look(path);
    } catch (error) {
      this.#options.logger.warn({ path, err: error }, 'archive cannot be read: the next change tries again');
    }
  }

  async #look(path: string): Promise<void> {
    const { size: sizeBytes, mtimeMs: modifiedMs } = await stat(path);
    const known = this.#taken.get(path);
    if (known?.sizeBytes === sizeBytes && known.modifiedMs === modifiedMs) return;
    if (await isBeingWritten(path)) {
      this.#scanLater();
      return;
    }
    const images = await this.#take(path);
    if (images) this.#taken.set(path, { sizeBytes, modifiedMs, images });
  }

  /** `undefined`: it is to be tried again, as nothing is known against the file. */
  async #take(path: string): Promise<string[] | undefined> {
    const { load, told } = this.#options;
    try {
      const images = await load(await openArchive(path));
      told('Normal', 'ImagesImported', `Imported ${images.join(', ')} from ${path}`);
      return images;
    } catch (error) {
      if ((error as { reason?: string }).reason === 'RuntimeUnavailable') return undefined;
      const words = error instanceof Error ? error.message : String(error);
      told(
        'Warning',
        'ImageImportFailed',
        `${path} cannot be imported and is left there: ${words.slice(0, 500)}`,
      );
      return [];
    }
  }
}
