// Pause containers: made first, holding the pod's network, removed last.
import { type RuntimeContainer, RuntimeError, type SandboxConfig } from '../runtime.ts';
import type { HostsFiles } from './hosts-files.ts';
import type { ImageMender } from './image-mender.ts';
import type { Images } from './images.ts';
import type { LibpodContainers } from './libpod-containers.ts';
import { asRuntimeError } from './libpod-error.ts';
import { type Making, MakingError } from './making.ts';
import type { PodNetwork } from './network.ts';
import { PauseImage, pauseImage } from './pause-image.ts';
import type { ResolvFiles } from './resolv-files.ts';
import { sandboxSpec } from './sandbox-spec.ts';
import type { MachineSettings } from './settings.ts';
import { isImageDamage } from './store-damage.ts';

export interface SandboxesOptions {
  owner: string;
  settings: MachineSettings;
  containers: LibpodContainers;
  making: Making;
  images: Images;
  imageMender: ImageMender;
  /** Instead of the one made here. */
  podInfraImage: string | undefined;
  /** For the one made here; `undefined` = as for all containers. */
  pauseSeccompPath: string | undefined;
  network: PodNetwork;
  hostsFiles: HostsFiles;
  resolvFiles: ResolvFiles;
}

export class Sandboxes {
  readonly #options: SandboxesOptions;
  readonly #pauseImage: PauseImage;

  constructor(options: SandboxesOptions) {
    this.#options = options;
    this.#pauseImage = new PauseImage(options.images, options.settings.catatonitPath);
  }

  /** Rejects with `CreatePodSandboxError`. Where the board's own pause image is missing or damaged it is made anew first. */
  async start(config: SandboxConfig): Promise<RuntimeContainer> {
    try {
      return await this.#makeOrCure(config);
    } catch (error) {
      const cause = error instanceof MakingError ? error.cause : error;
      throw asRuntimeError(cause, 'CreatePodSandboxError');
    }
  }

  /** The containers first, side by side: podman refuses to remove a pause container that others are joined to. */
  async remove(podUid: string): Promise<string[]> {
    const { containers, hostsFiles } = this.#options;
    const all = await containers.list(podUid);
    const joined = all.filter((container) => container.containerName !== undefined);
    const pauses = all.filter((container) => container.containerName === undefined);
    await Promise.all(joined.map((container) => containers.remove(container.id)));
    await Promise.all(pauses.map((pause) => containers.remove(pause.id)));
    await hostsFiles.remove(podUid);
    return all.map((container) => container.id);
  }

  async #make(config: SandboxConfig): Promise<RuntimeContainer> {
    if (!config.hostNetwork && config.ip === undefined) {
      throw new RuntimeError('CreatePodSandboxError', `pod ${config.podKey} was given no address`);
    }
    if (!this.#options.podInfraImage) await this.#pauseImage.ensure();
    const { owner, making, network, hostsFiles, resolvFiles, settings } = this.#options;
    await hostsFiles.write(config);
    await resolvFiles.write(config);
    if (!config.hostNetwork) await network.ensure();
    const maySpareFromOom = settings.ulimits === undefined;
    const place = { owner, ...this.#pause(), maySpareFromOom };
    const made = await making.run(sandboxSpec(config, place));
    try {
      await this.#plug(made, config);
    } catch (error) {
      await this.#options.containers.remove(made.id);
      throw error;
    }
    return made;
  }

  /** Nothing is known about what another image's program needs. */
  #pause(): { pauseImage: string; seccompPath?: string | undefined } {
    const { podInfraImage, pauseSeccompPath } = this.#options;
    return podInfraImage ? { pauseImage: podInfraImage } : { pauseImage, seccompPath: pauseSeccompPath };
  }

  async #plug({ pid, state, exitCode }: RuntimeContainer, config: SandboxConfig): Promise<void> {
    if (state !== 'running' || pid === undefined) {
      const words = `the pause container of ${config.podKey} ended at once with exit code ${exitCode}`;
      throw new RuntimeError('CreatePodSandboxError', words);
    }
    if (config.ip !== undefined) await this.#options.network.plug(pid, config.ip, config.ipv6);
  }

  async #makeOrCure(config: SandboxConfig): Promise<RuntimeContainer> {
    try {
      return await this.#make(config);
    } catch (error) {
      if (!(await this.#cure(error))) throw error;
    }
    return this.#make(config);
  }

  /** Whether something was done about the failure that makes another try worth while. */
  async #cure(error: unknown): Promise<boolean> {
    const cause = error instanceof MakingError ? error.cause : error;
    const image = this.#options.podInfraImage ?? pauseImage;
    if (isImageDamage(cause)) {
      const told = await this.#options.imageMender.mend(image, cause);
      // The board's own is made anew at once, another one is fetched with the next try.
      if (this.#options.podInfraImage) throw new RuntimeError('CreatePodSandboxError', told);
      this.#pauseImage.forget();
      return true;
    }
    const isPauseMissing = cause instanceof Error && /image not known/.test(cause.message);
    if (isPauseMissing) this.#pauseImage.forget();
    return isPauseMissing;
  }
}
