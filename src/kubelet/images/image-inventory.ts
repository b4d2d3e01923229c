// What images the board holds, since when, and when each was last used. podman is asked only after something changed;
// each answer is told to the cluster.
import type { Clock } from '../../base/clock.ts';
import type { RuntimeImage } from '../runtime/runtime.ts';
import type { Collectable } from './decide-collection.ts';
import { fullReference } from './image-reference.ts';

export interface ImageInventoryOptions {
  list(): Promise<RuntimeImage[]>;
  clock: Clock;
  /** Called with each list. */
  told(images: readonly RuntimeImage[]): void;
}

/** What keeps an image: ids, and names as pods write them. */
export interface ImageUses {
  ids: ReadonlySet<string>;
  names: ReadonlySet<string>;
}

interface Age {
  firstSeenMs: number;
  lastUsedMs: number;
}

export class ImageInventory {
  readonly #options: ImageInventoryOptions;
  #ages = new Map<string, Age>();

  constructor(options: ImageInventoryOptions) {
    this.#options = options;
  }

  async refresh(): Promise<readonly RuntimeImage[]> {
    const images = await this.#options.list();
    const nowMs = this.#options.clock.monotonicMs();
    // One that came just now counts as used: somebody fetched it.
    const fresh = { firstSeenMs: nowMs, lastUsedMs: nowMs };
    this.#ages = new Map(images.map(({ id }) => [id, this.#ages.get(id) ?? fresh]));
    this.#options.told(images);
    return images;
  }

  /** Asks nobody: the containers that are known say what is in use. */
  noteUses({ ids }: Pick<ImageUses, 'ids'>): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const id of ids) {
      const age = this.#ages.get(id);
      if (age) age.lastUsedMs = nowMs;
    }
  }

  async collectables({ ids, names }: ImageUses): Promise<Collectable[]> {
    const wanted = new Set([...names].map(fullReference));
    return (await this.refresh()).map((image) => {
      const { firstSeenMs = 0, lastUsedMs = 0 } = this.#ages.get(image.id) ?? {};
      const isNamed = [...image.names, ...image.digests].some((name) => wanted.has(name));
      const isInUse = image.containers > 0 || ids.has(image.id) || isNamed;
      return { id: image.id, sizeBytes: image.sizeBytes, isInUse, firstSeenMs, lastUsedMs };
    });
  }
}
