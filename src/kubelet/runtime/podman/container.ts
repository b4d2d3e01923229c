// A pod's own containers, joined to its pause container, each attempt with a log file of its own.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { containerLogPath, forgetOldAttempts } from '../../logs/log-paths.ts';
import { type ContainerConfig, type RuntimeContainer, RuntimeError } from '../runtime.ts';
import { containerSpec } from './container-spec.ts';
import { isAlive } from './exits.ts';
import type { HostsFiles } from './hosts-files.ts';
import type { LibpodContainers } from './libpod-containers.ts';
import { asRuntimeError } from './libpod-error.ts';
import { type Making, MakingError } from './making.ts';
import type { PodNetwork } from './network.ts';
import type { ResolvFiles } from './resolv-files.ts';
import type { TerminationMessages } from './termination-messages.ts';

/** One system call each, and only while a container is ending. */
const LOOK_INTERVAL_MS = 50;

export interface ContainersOptions {
  clock: Clock;
  owner: string;
  logDir: string;
  /** At which a log file is started afresh. */
  logSizeBytes: number;
  containers: LibpodContainers;
  making: Making;
  hostsFiles: HostsFiles;
  resolvFiles: ResolvFiles;
  network: PodNetwork;
  messages: TerminationMessages;
  /** Whether this machine lets the kernel be told to spare a container (CAP_SYS_RESOURCE). */
  maySpareFromOom: boolean;
}

export class Containers {
  readonly #options: ContainersOptions;

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  /** Rejects with `CreateContainerError` or `RunContainerError`; nothing of it is left then. */
  async start(sandbox: RuntimeContainer, config: ContainerConfig): Promise<RuntimeContainer> {
    const { owner, logSizeBytes, making, hostsFiles, resolvFiles, messages, maySpareFromOom } = this.#options;
    try {
      refuseDead(sandbox);
      await this.#refuseUnplugged(sandbox);
      const logPath = await this.#prepareLog(config);
      const place = {
        owner,
        pauseId: sandbox.id,
        logPath,
        logSizeBytes,
        hostsPath: hostsFiles.path(config.podUid),
        resolvPath: await resolvFiles.path(config.podUid),
        messagePath: await messages.prepare(config),
        maySpareFromOom,
        targetPid: await this.#targetPid(config),
      };
      const made = await making.run(containerSpec(config, place));
      await this.#refuseRevived(sandbox, made);
      return made;
    } catch (error) {
      const isStart = error instanceof MakingError && error.step === 'start';
      const cause = error instanceof MakingError ? error.cause : error;
      throw asRuntimeError(cause, isStart ? 'RunContainerError' : 'CreateContainerError');
    }
  }

  /** Its agent was killed before the pod had its network: it is ended, and so seen as the death that it is. */
  async #refuseUnplugged({ id, ip, pid, name }: RuntimeContainer): Promise<void> {
    if (ip === undefined || pid === undefined || (await this.#options.network.isPlugged(pid))) return;
    await this.#options.containers.kill(id);
    throw new RuntimeError('RunContainerError', `the pod's pause container ${name} has no network`);
  }

  async #targetPid({ processes }: ContainerConfig): Promise<number | undefined> {
    if (typeof processes === 'string') return undefined;
    const target = await this.#options.containers.inspect(processes.ofContainer);
    if (target?.container.pid) return target.container.pid;
    throw new RuntimeError(
      'CreateContainerError',
      `the target container ${processes.ofContainer} is not running`,
    );
  }

  async #prepareLog(config: ContainerConfig): Promise<string> {
    const logPath = containerLogPath(this.#options.logDir, config);
    await mkdir(dirname(logPath), { recursive: true, mode: 0o700 });
    await forgetOldAttempts(logPath);
    return logPath;
  }

  /**
   * podman starts a dead pause container again when one that is joined to it starts: with another network, while
   * the pod's older containers keep the torn one. Such a pause container is ended, and so seen as the death it is.
   */
  async #refuseRevived(sandbox: RuntimeContainer, made: RuntimeContainer): Promise<void> {
    if (sandbox.pid !== undefined && isAlive(sandbox.pid)) return;
    const { containers } = this.#options;
    await containers.remove(made.id);
    await containers.kill(sandbox.id);
    refuseDead(sandbox);
  }

  /**
   * podman is asked for the signal and for the end, and not to wait in between: it stops three containers per
   * processor at a time (plus one), and those that take their whole grace would hold up all others.
   */
  async stop(id: string, graceSeconds: number): Promise<void> {
    const { containers } = this.#options;
    try {
      if (graceSeconds > 0) await this.#askToEnd(id, graceSeconds * 1000);
      await containers.kill(id);
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      const inspected = await containers.inspect(id);
      if (inspected?.container.state === 'running') throw asRuntimeError(error, 'KillContainerError');
    }
  }

  /** Resolves when its process is gone or the grace is over. */
  async #askToEnd(id: string, graceMs: number): Promise<void> {
    const { containers, clock } = this.#options;
    const inspected = await containers.inspect(id);
    const pid = inspected?.container.pid;
    if (!inspected || pid === undefined || !isAlive(pid)) return;
    await containers.signal(id, inspected.stopSignal);
    const endsAt = clock.monotonicMs() + graceMs;
    while (isAlive(pid) && clock.monotonicMs() < endsAt) {
      // A timer that keeps this process alive: at Ctrl-C nothing else might.
      await new Promise<void>((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
  }
}

function refuseDead(sandbox: RuntimeContainer): void {
  if (sandbox.pid !== undefined && isAlive(sandbox.pid)) return;
  throw new RuntimeError('RunContainerError', `the pod's pause container ${sandbox.name} is not running`);
}
