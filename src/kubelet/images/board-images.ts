// All that concerns the images of one board, joined: what pods pull with, and the image of their pause containers.
import type { Pod } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ContainerCache } from '../container-cache.ts';
import type { DesiredState } from '../ports.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { ImagePulls } from './image-pulls.ts';
import { type PullSecrets, pullSecretsOf } from './pull-secrets.ts';
import { RegistrySettings } from './registry-settings.ts';

export interface BoardImagesOptions {
  runtime: Runtime;
  clock: Clock;
  logger: Logger;
  cache: ContainerCache;
  desired(): DesiredState | undefined;
  podInfraImage?: string | undefined;
  registriesFile?: string | undefined;
}

export class BoardImages {
  readonly pulls: ImagePulls;
  readonly #options: BoardImagesOptions;

  constructor(options: BoardImagesOptions) {
    this.#options = options;
    const { runtime, clock, desired, registriesFile } = options;
    const settings = new RegistrySettings({ desired, file: registriesFile });
    this.pulls = new ImagePulls({ runtime, clock, settings });
  }

  pullSecretsOf(pod: Pod): PullSecrets {
    return pullSecretsOf(pod, this.#options.desired()?.secrets ?? new Map());
  }

  /** Rejects with a RuntimeError while the image of pause containers cannot be had. */
  async ensureInfraImage(): Promise<void> {
    const { podInfraImage: image, runtime } = this.#options;
    if (!image || (await runtime.imageExists(image))) return;
    await this.pulls.pull({ image, keyring: [], mayComeFromNeighbour: true });
  }
}
