// Removes images nobody uses when the disk is nearly full. Looks at the disk every five minutes, which costs one
// system call; podman is asked only when something has to go.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { bytesToFree, type CollectionLimits, imagesToRemove } from './decide-collection.ts';
import type { ImageInventory, ImageUses } from './image-inventory.ts';

export interface ImageCollectorOptions {
  inventory: ImageInventory;
  limits: CollectionLimits;
  disk(): Promise<{ totalBytes: number; availableBytes: number }>;
  uses(): ImageUses;
  remove(id: string): Promise<void>;
  /** A Warning about the Node. */
  warn(reason: 'ImageGCFailed' | 'FreeDiskSpaceFailed', message: string): void;
  clock: Clock;
  logger: Logger;
}

const INTERVAL_MS = 5 * 60_000;

export class ImageCollector implements Component {
  readonly #options: ImageCollectorOptions;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: ImageCollectorOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Looks now. */
  async collect(): Promise<void> {
    const { disk, limits, uses, inventory, warn } = this.#options;
    try {
      inventory.noteUses(uses());
      const wantedBytes = bytesToFree(await disk(), limits);
      if (wantedBytes === 0) return;
      const freedBytes = await this.#free(wantedBytes, limits.minAgeMs);
      if (freedBytes >= wantedBytes) return;
      const found = `Attempted to free ${wantedBytes} bytes, but only found ${freedBytes} bytes eligible to free.`;
      warn('FreeDiskSpaceFailed', `Failed to garbage collect required amount of images. ${found}`);
    } catch (error) {
      warn('ImageGCFailed', error instanceof Error ? error.message : String(error));
    }
  }

  /** Removes all that nobody uses, however full the disk is: for a board that is short of room. Resolves with bytes. */
  deleteUnused(): Promise<number> {
    return this.#free(Number.POSITIVE_INFINITY, 0);
  }

  async #free(wantedBytes: number, minAgeMs: number): Promise<number> {
    const { inventory, uses, clock, remove, logger } = this.#options;
    const images = await inventory.collectables(uses());
    let freedBytes = 0;
    for (const { id, sizeBytes } of imagesToRemove(images, wantedBytes, clock.monotonicMs(), minAgeMs)) {
      try {
        await remove(id);
        freedBytes += sizeBytes;
        logger.info({ id, sizeBytes }, 'an image that nobody uses was removed');
      } catch (error) {
        // Used again meanwhile, or held by something outside the cluster.
        logger.warn({ id, err: error }, 'an image could not be removed');
      }
    }
    if (freedBytes > 0) await inventory.refresh();
    return freedBytes;
  }

  #arm(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(INTERVAL_MS, () => {
      void this.collect().finally(() => this.#arm());
    });
  }
}
