// A container engine in memory, held to the same contract as podman (runtime-contract.ts). Tests steer it:
// containers run until exit() or stopContainer(), images exist when they are in `images`.
import { text } from 'node:stream/consumers';
import type { ProcessStreams } from '../../src/api/session.ts';
import type { Clock } from '../../src/base/clock.ts';
import {
  type ContainerConfig,
  type ExecLimits,
  type ExecOutcome,
  type ImageSource,
  type ImageStore,
  type Runtime,
  type RuntimeContainer,
  RuntimeError,
  type RuntimeVersion,
  type SandboxConfig,
} from '../../src/kubelet/runtime/runtime.ts';
import { refuseOtherHandler } from '../../src/kubelet/runtime/runtime-handler.ts';
import { FakeImageStore, imageIdOf } from './fake-image-store.ts';
import { FakeAttachment, FakeProcess } from './fake-process.ts';

export type FailingCall =
  | 'list'
  | 'startSandbox'
  | 'removeSandbox'
  | 'startContainer'
  | 'stopContainer'
  | 'updateResources'
  | 'removeContainer'
  | 'exec'
  | 'attach'
  | 'pullImage'
  | 'imageExists';

export interface FakeRuntimeOptions {
  clock: Clock;
  /** Names that imageExists() finds from the start. */
  images?: Iterable<string>;
  /** Names that pullImage() can fetch. */
  pullable?: Iterable<string>;
}

/** Asked to run as `command[0]`, this program is not in any image: the start fails as podman's does. */
export const missingProgram = '/no-such-program';

const MAX_OUTPUT_BYTES = 10 * 1024;

export class FakeRuntime implements Runtime {
  /** All containers by id; tests may read it, and change it to play another hand. */
  readonly containers = new Map<string, RuntimeContainer>();
  /** What each container was made from, by id; kept after removal. */
  readonly configs = new Map<string, ContainerConfig>();
  readonly sandboxConfigs = new Map<string, SandboxConfig>();
  readonly images: Set<string>;
  readonly pullable: Set<string>;
  /** Images whose containers ignore the stop signal and die only by SIGKILL. */
  readonly stubbornImages = new Set<string>();
  readonly pulled: string[] = [];
  /** Where each pull went to, oldest first. */
  readonly sources: ImageSource[] = [];
  /** What a reference in `pullable` asks for, where it asks. */
  readonly passwords = new Map<string, string>();
  mostPullsAtOnce = 0;
  readonly removedLogs: string[] = [];
  /** What exec() started and attach() joined, by container id, oldest first. */
  readonly processes = new Map<string, FakeProcess[]>();
  readonly attachments = new Map<string, FakeAttachment[]>();
  /** What execSync() was asked to run, oldest first. */
  readonly commands: { id: string; command: readonly string[] }[] = [];
  /** Outcomes of commands, by their words; others run as FakeProcess knows them. */
  readonly answers = new Map<string, ExecOutcome>();
  /** What containers end with that obey the stop signal. */
  stopExitCode = 143;
  /** USER of images that do not run as root. */
  readonly imageUsers = new Map<string, string>();
  /** Most sandboxes and containers that were being started at the same time. */
  mostStartsAtOnce = 0;
  /** Milliseconds of the clock's time that each start and pull takes; 0 = at once. */
  startDelayMs = 0;
  readonly #clock: Clock;
  readonly #listeners = new Set<(id: string | undefined) => void>();
  readonly #failures = new Map<FailingCall, RuntimeError[]>();
  readonly #pulls = new Map<string, Promise<string>>();
  #unavailable: RuntimeError | undefined;
  #starting = 0;
  #pulling = 0;
  #made = 0;

  constructor(options: FakeRuntimeOptions) {
    this.#clock = options.clock;
    this.images = new Set(options.images);
    this.pullable = new Set(options.pullable);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#listeners.clear();
  }

  /** The next `times` calls of `call` reject with `error`. */
  fail(call: FailingCall, error: RuntimeError, times = 1): void {
    const queue = this.#failures.get(call) ?? [];
    for (let i = 0; i < times; i++) queue.push(error);
    this.#failures.set(call, queue);
  }

  /** Every call rejects until available() is called: podman is missing or its socket is dead. */
  unavailable(message = 'podman is not installed'): void {
    this.#unavailable = new RuntimeError('RuntimeUnavailable', message);
  }

  available(): void {
    this.#unavailable = undefined;
    this.#notify(undefined);
  }

  /** The container's process ends by itself. */
  exit(id: string, exitCode: number, how: { oomKilled?: boolean; message?: string } = {}): void {
    const container = this.containers.get(id);
    if (container?.state !== 'running') return;
    this.containers.set(id, {
      ...container,
      state: 'exited',
      pid: undefined,
      exitCode,
      oomKilled: how.oomKilled ?? false,
      message: how.message,
      finishedAt: this.#nowText(),
    });
    this.#endStreams(id);
    this.#notify(id);
  }

  /** As podman shows the world after the plug was pulled: what ran is `created` and its exit is forgotten. */
  powerCut(): void {
    for (const [id, container] of this.containers) {
      if (container.state !== 'running') continue;
      this.containers.set(id, { ...container, state: 'created', pid: undefined, startedAt: undefined });
    }
  }

  /** The containers of a pod (pause left out), oldest first. */
  containersOf(podKey: string): RuntimeContainer[] {
    return [...this.containers.values()].filter((c) => c.podKey === podKey && c.containerName !== undefined);
  }

  sandboxesOf(podKey: string): RuntimeContainer[] {
    return [...this.containers.values()].filter((c) => c.podKey === podKey && c.containerName === undefined);
  }

  async prepareNetwork(): Promise<void> {}

  async version(): Promise<RuntimeVersion> {
    this.#guard();
    return { name: 'fake', version: '1.0.0' };
  }

  async list(): Promise<RuntimeContainer[]> {
    this.#guard('list');
    return [...this.containers.values()];
  }

  async inspect(id: string): Promise<RuntimeContainer | undefined> {
    this.#guard();
    return this.containers.get(id);
  }

  async startSandbox(config: SandboxConfig): Promise<RuntimeContainer> {
    return this.#starts('startSandbox', () => {
      refuseOtherHandler(config, 'runc');
      this.#refuseTakenAddress(config);
      const name = `${config.podName}_${config.namespace}_pause_${config.attempt}`;
      const made = this.#add(name, config, { containerName: undefined, image: 'pause', ip: config.ip });
      this.sandboxConfigs.set(made.id, config);
      return made;
    });
  }

  async removeSandbox(podUid: string): Promise<void> {
    this.#guard('removeSandbox');
    for (const container of [...this.containers.values()]) {
      if (container.podUid === podUid) this.#remove(container.id);
    }
  }

  async startContainer(sandbox: RuntimeContainer, config: ContainerConfig): Promise<RuntimeContainer> {
    return this.#starts('startContainer', () => {
      if (!this.images.has(config.image)) {
        throw new RuntimeError('CreateContainerError', `${config.image}: image not known`);
      }
      if (this.containers.get(sandbox.id)?.state !== 'running') {
        throw new RuntimeError('RunContainerError', `sandbox ${sandbox.name} is not running`);
      }
      if (config.command?.[0] === missingProgram) {
        throw new RuntimeError('RunContainerError', `executable file ${missingProgram} not found`);
      }
      const { containerName, image, attempt } = config;
      const name = `${config.podName}_${config.namespace}_${containerName}_${attempt}`;
      const made = this.#add(name, config, { containerName, image, ip: undefined });
      this.configs.set(made.id, config);
      return made;
    });
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    this.#guard('stopContainer');
    const container = this.containers.get(id);
    if (container?.state !== 'running') return;
    if (!this.stubbornImages.has(container.image)) {
      this.exit(id, this.stopExitCode);
      return;
    }
    if (graceSeconds > 0) {
      await new Promise<void>((resolve) => this.#clock.after(graceSeconds * 1000, resolve));
    }
    this.exit(id, 137);
  }

  async updateResources(id: string, resources: ContainerConfig['resources']): Promise<void> {
    this.#guard('updateResources');
    this.#refuseIdle(id, 'ResizeContainerError');
    const config = this.configs.get(id);
    if (config) this.configs.set(id, { ...config, resources });
  }

  async removeContainer(id: string): Promise<void> {
    this.#guard('removeContainer');
    this.#remove(id);
  }

  async removeLogs(podUid: string): Promise<void> {
    this.removedLogs.push(podUid);
  }

  async exec(id: string, command: readonly string[], streams: ProcessStreams): Promise<FakeProcess> {
    this.#guard('exec');
    this.#refuseIdle(id, 'ExecError');
    const process = new FakeProcess(command, streams);
    this.processes.set(id, [...(this.processes.get(id) ?? []), process]);
    return process;
  }

  async execSync(id: string, command: readonly string[], limits: ExecLimits): Promise<ExecOutcome> {
    this.#guard('exec');
    this.#refuseIdle(id, 'ExecError');
    this.commands.push({ id, command });
    const scripted = this.answers.get(command.join(' '));
    if (scripted) return scripted;
    if (command[0] === missingProgram)
      throw new RuntimeError('ExecError', `exec failed: ${missingProgram} not found`);
    const process = new FakeProcess(command, { stdin: false, stdout: true, stderr: true, tty: false });
    this.processes.set(id, [...(this.processes.get(id) ?? []), process]);
    const { timeoutMs, signal } = limits;
    const timer =
      timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, () => void process.release());
    signal?.addEventListener('abort', () => void process.release(), { once: true });
    const [out, err] = await Promise.all([text(process.stdout), text(process.stderr)]);
    timer?.cancel();
    const exitCode = process.isReleased ? undefined : await process.exitCode();
    return { exitCode, output: `${out}${err}`.slice(0, MAX_OUTPUT_BYTES) };
  }

  async attach(id: string, streams: ProcessStreams): Promise<FakeAttachment> {
    this.#guard('attach');
    this.#refuseIdle(id, 'AttachError');
    const attachment = new FakeAttachment(streams);
    this.attachments.set(id, [...(this.attachments.get(id) ?? []), attachment]);
    return attachment;
  }

  async imageExists(image: string): Promise<boolean> {
    this.#guard('imageExists');
    return this.images.has(image);
  }

  async imageUser(image: string): Promise<string> {
    this.#guard();
    return this.imageUsers.get(image) ?? '';
  }

  pullImage(image: string, source?: ImageSource): Promise<string> {
    const key = JSON.stringify([image, source]);
    const running = this.#pulls.get(key) ?? this.#pull(image, source).finally(() => this.#pulls.delete(key));
    this.#pulls.set(key, running);
    return running;
  }

  async imageStore(): Promise<ImageStore> {
    this.#guard();
    return new FakeImageStore(this.images, () => [...this.containers.values()].map(({ image }) => image));
  }

  onChange(look: (containerId: string | undefined) => void): () => void {
    this.#listeners.add(look);
    return () => this.#listeners.delete(look);
  }

  async #pull(image: string, source: ImageSource = {}): Promise<string> {
    this.pulled.push(image);
    const from = source.reference ?? image;
    this.sources.push({ ...source, reference: from });
    this.#pulling++;
    this.mostPullsAtOnce = Math.max(this.mostPullsAtOnce, this.#pulling);
    try {
      await this.#takeTime();
      this.#guard('pullImage');
    } finally {
      this.#pulling--;
    }
    const password = this.passwords.get(from);
    if (password !== undefined && password !== source.auth?.password) {
      throw new RuntimeError('ErrImagePull', `${from}: unauthorized`);
    }
    if (!this.pullable.has(from) && !(this.images.has(image) && from === image)) {
      throw new RuntimeError('ErrImagePull', `no image ${from} in the registry`);
    }
    this.images.add(image);
    return imageIdOf(image);
  }

  async #starts(
    call: 'startSandbox' | 'startContainer',
    make: () => RuntimeContainer,
  ): Promise<RuntimeContainer> {
    this.#starting++;
    this.mostStartsAtOnce = Math.max(this.mostStartsAtOnce, this.#starting);
    try {
      await this.#takeTime();
      this.#guard(call);
      return make();
    } finally {
      this.#starting--;
    }
  }

  async #takeTime(): Promise<void> {
    if (this.startDelayMs === 0) return;
    await new Promise<void>((resolve) => this.#clock.after(this.startDelayMs, resolve));
  }

  #guard(call?: FailingCall): void {
    if (this.#unavailable) throw this.#unavailable;
    const error = call && this.#failures.get(call)?.shift();
    if (error) throw error;
  }

  #refuseTakenAddress(config: SandboxConfig): void {
    const taken = [...this.containers.values()].some(
      (c) => c.ip !== undefined && c.ip === config.ip && c.state === 'running',
    );
    if (taken) throw new RuntimeError('CreatePodSandboxError', `address ${config.ip} is already in use`);
  }

  #add(
    name: string,
    config: SandboxConfig | ContainerConfig,
    own: { containerName: string | undefined; image: string; ip: string | undefined },
  ): RuntimeContainer {
    const namesake = [...this.containers.values()].find((c) => c.name === name);
    if (namesake?.state === 'created') this.containers.delete(namesake.id);
    else if (namesake) {
      const reason = own.containerName === undefined ? 'CreatePodSandboxError' : 'CreateContainerError';
      throw new RuntimeError(reason, `the name ${name} is already in use`);
    }
    const id = (++this.#made).toString(16).padStart(64, '0');
    const made: RuntimeContainer = {
      ...own,
      id,
      name,
      podUid: config.podUid,
      podKey: config.podKey,
      attempt: config.attempt,
      state: 'running',
      pid: 1000 + this.#made,
      imageId: imageIdOf(own.image),
      specHash: config.specHash,
      devices: 'devices' in config ? config.devices : [],
      createdAt: this.#nowText(),
      startedAt: this.#nowText(),
      finishedAt: undefined,
      exitCode: undefined,
      oomKilled: false,
      message: undefined,
      logPath: own.containerName === undefined ? undefined : `/fake-logs/${name}.log`,
    };
    this.containers.set(id, made);
    return made;
  }

  #refuseIdle(id: string, reason: string): void {
    if (this.containers.get(id)?.state === 'running') return;
    throw new RuntimeError(reason, `container ${id} is not running`);
  }

  #endStreams(id: string): void {
    for (const process of this.processes.get(id) ?? []) process.end();
    for (const attachment of this.attachments.get(id) ?? []) attachment.out.end();
  }

  #remove(id: string): void {
    this.containers.delete(id);
    this.#endStreams(id);
  }

  #notify(id: string | undefined): void {
    for (const listener of this.#listeners) listener(id);
  }

  #nowText(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
