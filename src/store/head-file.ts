// HEAD: a small file beside the database that says which history it holds and how far it went at the last start
// or stop. A database that is gone, exchanged or shorter than that is noticed instead of taken for a new one.
import { join } from 'node:path';
import { writeFileAtomically } from '../base/atomic-file.ts';
import { readFileIfPresent } from '../base/if-present.ts';
import { damaged, type Head } from './engine.ts';

export class HeadFile {
  readonly path: string;
  #stored: Head | undefined;

  constructor(directory: string) {
    this.path = join(directory, 'HEAD');
  }

  /** `undefined` when there is none yet. */
  async read(): Promise<Head | undefined> {
    const text = await readFileIfPresent(this.path);
    this.#stored = text === undefined ? undefined : parse(text, this.path);
    return this.#stored;
  }

  /** Throws when the database that was found is not the one that HEAD knows, or is older. */
  check(found: Head, location: string): void {
    const stored = this.#stored;
    if (!stored) return;
    if (stored.epoch !== found.epoch)
      throw damaged(location, `its database is another one than ${this.path} names`);
    if (stored.revision > found.revision)
      throw damaged(
        location,
        `acknowledged data is missing: its database ends at revision ${found.revision}, HEAD knows of ${stored.revision}`,
      );
  }

  /** Writes only what is new. */
  async write(head: Head): Promise<void> {
    if (this.#stored?.epoch === head.epoch && this.#stored.revision === head.revision) return;
    await writeFileAtomically(
      this.path,
      `${JSON.stringify({ epoch: head.epoch, revision: head.revision })}\n`,
    );
    this.#stored = { ...head };
  }
}

function parse(text: string, path: string): Head {
  try {
    const { epoch, revision } = JSON.parse(text);
    if (typeof epoch === 'string' && Number.isSafeInteger(revision)) return { epoch, revision };
  } catch {
    // Falls through to the same answer as a file with other contents.
  }
  throw damaged(path, 'the file is not readable as what a store writes');
}
