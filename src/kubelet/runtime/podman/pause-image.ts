// The image of pause containers: catatonit alone, imported from the board's own package. No registry is needed,
// and podman 4.3 and 5 need no pause image of theirs.
import { readFile } from 'node:fs/promises';
import type { Images } from './images.ts';
import { tar } from './tar.ts';

/** The number rises with what is in it. */
export const pauseImage = 'localhost/edge-pause:1';

/** `-P`: sleep, reap, and end at once on SIGTERM. */
const changes = ['ENTRYPOINT ["/catatonit","-P"]'];

export class PauseImage {
  readonly #images: Pick<Images, 'exists' | 'importRoot'>;
  readonly #catatonitPath: string;
  #made: Promise<void> | undefined;

  constructor(images: Pick<Images, 'exists' | 'importRoot'>, catatonitPath: string) {
    this.#images = images;
    this.#catatonitPath = catatonitPath;
  }

  /** Makes it unless podman has it, once for all pods that start together; what failed is tried again by the next. */
  ensure(): Promise<void> {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.forget();
      throw error;
    });
    return this.#made;
  }

  /** It may be gone or damaged: the next pod looks again. */
  forget(): void {
    this.#made = undefined;
  }

  async #make(): Promise<void> {
    if (await this.#images.exists(pauseImage)) return;
    const content = await readFile(this.#catatonitPath);
    await this.#images.importRoot(pauseImage, tar([{ path: 'catatonit', content, mode: 0o755 }]), changes);
  }
}
