// The Runtime port on podman: pause containers joined by the pod's containers, over libpod's REST socket.
// A missing or broken podman is told by every call (`RuntimeUnavailable`) and looked for again at the next one.
import { join } from 'node:path';
import type { ProcessStreams } from '../../../api/session.ts';
import { removePodLogs } from '../../logs/log-paths.ts';
import {
  type ContainerConfig,
  type ExecLimits,
  type ExecOutcome,
  type ImageSource,
  type Runtime,
  type RuntimeContainer,
  RuntimeError,
  type RuntimeProcess,
  type RuntimeVersion,
  type SandboxConfig,
} from '../runtime.ts';
import { refuseOtherHandler } from '../runtime-handler.ts';
import { type Engine, type EngineOptions, prepareEngine } from './engine.ts';
import { Exits } from './exits.ts';
import { removePodFiles } from './hosts-files.ts';
import type { Images } from './images.ts';
import { asRuntimeError } from './libpod-error.ts';
import { type Machine, thisMachine } from './preflight.ts';
import { defaultTmpDir } from './settings.ts';
import { isImageDamage } from './store-damage.ts';

export type PodmanRuntimeOptions = EngineOptions;

export class PodmanRuntime implements Runtime {
  readonly #options: PodmanRuntimeOptions;
  readonly #machine: Machine;
  readonly #exits: Exits;
  readonly #listeners = new Set<(containerId: string | undefined) => void>();
  #engine: Engine | undefined;
  #hasFailed = false;
  #isStopped = false;
  #preparing: Promise<Engine> | undefined;

  constructor(options: PodmanRuntimeOptions, machine: Machine = thisMachine) {
    this.#options = options;
    this.#machine = machine;
    const exitsDir = join(options.storage?.tmpDir ?? defaultTmpDir, 'exits');
    const { clock, logger } = options;
    this.#exits = new Exits({ exitsDir, clock, logger, onExit: (id) => this.#tell(id) });
  }

  /** Does not fail without podman: the agent reports what is wrong, and a podman installed later is found. */
  async start(): Promise<void> {
    try {
      await this.#ready();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'podman cannot be used now');
    }
    await this.#exits.start();
  }

  /** Containers and podman's service go on; the service ends by itself when idle. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#options.removeOnStop && this.#engine) await this.#removeRest(this.#engine);
    this.#engine?.aftermath.stop();
    this.#engine?.uncleaned.stop();
    await this.#exits.stop();
    this.#listeners.clear();
  }

  async version(): Promise<RuntimeVersion> {
    return { name: 'podman', version: (await this.#ready()).settings.podmanVersion };
  }

  async list(): Promise<RuntimeContainer[]> {
    return this.#with('RuntimeUnavailable', async ({ containers, truth }) => {
      const listed = await containers.list();
      return (await Promise.all(listed.map((container) => truth.of(container)))).filter(
        (container) => container !== undefined,
      );
    });
  }

  inspect(id: string): Promise<RuntimeContainer | undefined> {
    return this.#with('RuntimeUnavailable', ({ truth }) => truth.inspect(id));
  }

  async prepareNetwork(): Promise<void> {
    if (!this.#isStopped) await this.#with('NetworkNotReady', ({ network }) => network.ensure());
  }

  startSandbox(config: SandboxConfig): Promise<RuntimeContainer> {
    return this.#with('CreatePodSandboxError', async ({ sandboxes, settings }) => {
      refuseOtherHandler(config, settings.ociRuntime);
      return sandboxes.start(config);
    });
  }

  async removeSandbox(podUid: string): Promise<void> {
    const removed = await this.#with('KillPodSandboxError', ({ sandboxes }) => sandboxes.remove(podUid));
    for (const id of removed) this.#exits.forget(id);
  }

  startContainer(sandbox: RuntimeContainer, config: ContainerConfig): Promise<RuntimeContainer> {
    const start = ({ podContainers }: Engine) => podContainers.start(sandbox, config);
    return this.#withImage(config.image, 'CreateContainerError', start);
  }

  stopContainer(id: string, graceSeconds: number): Promise<void> {
    return this.#with('KillContainerError', ({ podContainers }) => podContainers.stop(id, graceSeconds));
  }

  updateResources(id: string, resources: ContainerConfig['resources']): Promise<void> {
    return this.#with('ResizeContainerError', ({ resize }) => resize.update(id, resources));
  }

  async removeContainer(id: string): Promise<void> {
    await this.#with('KillContainerError', ({ containers }) => containers.remove(id));
    this.#exits.forget(id);
  }

  /** Also its files in memory, which stay when podman dies over the removal of the sandbox. */
  async removeLogs(podUid: string): Promise<void> {
    const { logDir, runDir } = this.#options;
    await removePodFiles(runDir, podUid);
    await removePodLogs(logDir, podUid);
  }

  exec(id: string, command: readonly string[], streams: ProcessStreams): Promise<RuntimeProcess> {
    return this.#with('ExecError', ({ processes }) => processes.exec(id, command, streams));
  }

  execSync(id: string, command: readonly string[], limits: ExecLimits): Promise<ExecOutcome> {
    return this.#with('ExecError', ({ ociExec }) => ociExec.run(id, command, limits));
  }

  attach(id: string, streams: ProcessStreams): Promise<RuntimeProcess> {
    return this.#with('AttachError', ({ processes }) => processes.attach(id, streams));
  }

  imageExists(image: string): Promise<boolean> {
    return this.#with('ImageInspectError', ({ images }) => images.exists(image));
  }

  imageUser(image: string): Promise<string> {
    return this.#withImage(image, 'ImageInspectError', ({ images }) => images.user(image));
  }

  pullImage(image: string, source?: ImageSource): Promise<string> {
    return this.#with('ErrImagePull', ({ images }) => images.pull(image, source));
  }

  /** For whoever brings images by other ways than a registry: archives, neighbours. */
  imageStore(): Promise<Images> {
    return this.#with('RuntimeUnavailable', async ({ images }) => images);
  }

  onChange(look: (containerId: string | undefined) => void): () => void {
    this.#listeners.add(look);
    return () => this.#listeners.delete(look);
  }

  async #with<T>(reason: string, use: (engine: Engine) => Promise<T>): Promise<T> {
    try {
      return await use(await this.#ready());
    } catch (error) {
      throw asRuntimeError(error, reason);
    }
  }

  /** As #with(); a damaged image is removed, and the error says so. */
  #withImage<T>(image: string, reason: string, use: (engine: Engine) => Promise<T>): Promise<T> {
    return this.#with(reason, async (engine) => {
      try {
        return await use(engine);
      } catch (error) {
        const cause = error instanceof RuntimeError ? error.cause : error;
        if (!isImageDamage(cause)) throw error;
        throw new RuntimeError(reason, await engine.imageMender.mend(image, cause));
      }
    });
  }

  /** The first success holds; a failure is forgotten, so that the next call looks afresh. */
  async #ready(): Promise<Engine> {
    if (this.#engine) return this.#engine;
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = undefined;
    });
    try {
      return await this.#preparing;
    } catch (error) {
      throw asRuntimeError(error, 'RuntimeUnavailable');
    }
  }

  /** With pods left, their network has to stay. */
  async #removeRest(engine: Engine): Promise<void> {
    try {
      await engine.reserve.remove();
      if ((await engine.containers.list()).length === 0) await engine.network.remove();
    } catch (error) {
      this.#options.logger.warn({ err: error }, "the pods' network could not be removed");
    }
  }

  async #prepare(): Promise<Engine> {
    try {
      this.#engine = await prepareEngine(this.#options, this.#machine, this.#exits);
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
    if (this.#hasFailed) this.#tell(undefined); // podman is back: what it has is news.
    return this.#engine;
  }

  #tell(containerId: string | undefined): void {
    for (const look of this.#listeners) look(containerId);
  }
}
