// The files in which a kernel tells about its board: /proc, /sys, /etc, below `/` or below a made-up root. What this
// board does not have, or does not let read, is `undefined`: hardware differs, and nothing of it is needed to run.
import { readFile, readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';

export class BoardFiles {
  readonly #root: string;

  constructor(root = '/') {
    this.#root = root;
  }

  path(relative: string): string {
    return join(this.#root, relative);
  }

  /** Without blanks at the ends; texts of the device tree end in NUL, and lists in it have NUL between. */
  text(relative: string): Promise<string | undefined> {
    const plain = (text: string) => text.replace(/\0+$/, '').replace(/\0/g, ' ').trim();
    return readFile(this.path(relative), 'utf8').then(plain, () => undefined);
  }

  /** The number that is the file's whole text. */
  async number(relative: string): Promise<number | undefined> {
    const text = await this.text(relative);
    const value = text ? Number(text) : Number.NaN;
    return Number.isFinite(value) ? value : undefined;
  }

  /** The last part of where a symbolic link leads, such as the name of a driver. */
  linkName(relative: string): Promise<string | undefined> {
    return readlink(this.path(relative)).then(basename, () => undefined);
  }

  /** Where a symbolic link leads in the end. */
  linkTarget(relative: string): Promise<string | undefined> {
    return realpath(this.path(relative)).catch(() => undefined);
  }
}

/** The words of a file that lists some. */
export function listOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}
