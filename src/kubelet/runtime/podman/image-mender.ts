// Takes a damaged image out of podman's store, so that it is fetched or imported anew: podman itself keeps it and fails
// with it for ever. What runs is never touched, nor what another program made from the image.
import { messageOf } from '../../../base/error-message.ts';
import type { Logger } from '../../../base/logger.ts';
import { containerList } from './container-list.ts';
import { label } from './labels.ts';
import type { LibpodClient } from './libpod-client.ts';

interface Listed {
  Names: string[];
  State: string;
  Labels: Record<string, string> | null;
}

export interface ImageMenderOptions {
  client: LibpodClient;
  owner: string;
  logger: Logger;
}

export class ImageMender {
  readonly #options: ImageMenderOptions;

  constructor(options: ImageMenderOptions) {
    this.#options = options;
  }

  /** Resolves with what a person is to be told: that the image was removed, or why it cannot be. */
  async mend(image: string, error: unknown): Promise<string> {
    const { client, logger } = this.#options;
    const damage = `image "${image}" is damaged in podman's store (${messageOf(error)})`;
    const holder = await this.#holder(image);
    if (holder)
      return `${damage} and cannot be fetched anew while container ${holder} has it: remove that one`;
    // By force: dead containers of ours go with it, whose ends are on record.
    await client.call({ method: 'DELETE', path: `/images/${encodeURIComponent(image)}?force=true` });
    logger.warn({ image, err: error }, 'a damaged image was removed, to be fetched anew');
    return `${damage}: it was removed and is fetched anew`;
  }

  /** Name of a container that must not go with the image. */
  async #holder(image: string): Promise<string | undefined> {
    const filters = encodeURIComponent(JSON.stringify({ ancestor: [image] }));
    const all = await containerList<Listed>(this.#options.client, `all=true&filters=${filters}`);
    const isOurs = ({ Labels }: Listed) => Labels?.[label.owner] === this.#options.owner;
    return all.find((container) => container.State === 'running' || !isOurs(container))?.Names[0];
  }
}
