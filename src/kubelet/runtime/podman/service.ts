// podman's REST service, running only while there is something to do: made on demand, it ends by itself when idle.
// It lives in a session of its own, so the death of the agent does not touch it nor what it is doing.
import { execFile, spawn } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../../base/clock.ts';
import { RuntimeError } from '../runtime.ts';
import { endService } from './end-service.ts';
import type { PodmanStorage } from './settings.ts';
import { isStoreDamage } from './store-damage.ts';

export interface ServiceOptions {
  podmanPath: string;
  /** In a folder whose path leaves the socket's under 108 bytes; memory-backed, so that nothing wears the card. */
  runDir: string;
  containersConfPath: string;
  storage: PodmanStorage | undefined;
  /** Its HOME: the authorities of registries are looked for in it. The inherited one unless given. */
  homeDir?: string;
  /** podman cannot read what it keeps, in these words of it: resolves with whether it may be started again. */
  onDamage?(said: string): Promise<boolean>;
  /** Called when a request under way found it dead, or dying. */
  onDeath?(): void;
  clock: Clock;
}

/** podman ends this long after its last request. A cold start costs 77 ms on a PC, holding it costs 9 MB. */
const idleExitSeconds = 10;
/** Go's collector runs without a pause near its limit. At work podman holds 17 to 21 MB: 16 MiB made a pod cost six times. */
const memoryLimit = '48MiB';
/** A request sent as the service goes idle may be reset: after this long it is first seen whether it still answers. */
const trustedForMs = 7_000;
/** The first start after a boot checks the whole store; on a Pi Zero this takes seconds. */
const startTimeoutMs = 30_000;
/** A store that could not be mended, as containers run, is not looked at more often. */
const mendIntervalMs = 60_000;

const CLEANUP_TIMEOUT_MS = 30_000;

export class PodmanService {
  readonly socketPath: string;
  readonly #options: ServiceOptions;
  readonly #logPath: string;
  #lastUsedMs = Number.NEGATIVE_INFINITY;
  #openRequests = 0;
  #starting: Promise<void> | undefined;
  #mending: Promise<boolean> | undefined;
  #notMendedMs = Number.NEGATIVE_INFINITY;
  #era = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.socketPath = join(options.runDir, 'podman.sock');
    this.#logPath = join(options.runDir, 'podman-service.log');
  }

  /** Resolves when the socket answers; rejects with `RuntimeUnavailable` and podman's own words when it cannot. */
  async ready(): Promise<void> {
    const idleMs = this.#options.clock.monotonicMs() - this.#lastUsedMs;
    if (idleMs < trustedForMs || (this.#openRequests > 0 && idleMs < Number.POSITIVE_INFINITY)) return;
    this.#starting ??= this.#wake().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  /** Runs `use` while the service counts as busy. A failure makes the next caller look whether it still lives. */
  async during<T>(use: () => Promise<T>): Promise<T> {
    await this.ready();
    this.#openRequests++;
    try {
      const result = await use();
      this.#lastUsedMs = this.#options.clock.monotonicMs();
      return result;
    } finally {
      this.#openRequests--;
    }
  }

  /** The connection broke: the next request begins with a look at the service. */
  distrust(): void {
    this.#lastUsedMs = Number.NEGATIVE_INFINITY;
    this.#options.onDeath?.();
  }

  /** Counts the mendings: which podman an answer came from. */
  get era(): number {
    return this.#era;
  }

  /** The podman of `era` says that it cannot read its store. Resolves with whether asking again is worth while. */
  async mendStore(said: string, era: number): Promise<boolean> {
    if (era !== this.#era) return true;
    this.#mending ??= this.#mend(said).finally(() => {
      this.#mending = undefined;
    });
    return this.#mending;
  }

  async #mend(said: string): Promise<boolean> {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#notMendedMs < mendIntervalMs) return false;
    if (!(await this.#options.onDamage?.(said))) {
      this.#notMendedMs = nowMs;
      return false;
    }
    // It has the damaged database open, wherever that is now.
    await endService(this.socketPath);
    this.#era++;
    this.distrust();
    return true;
  }

  async #wake(): Promise<void> {
    if (!(await ping(this.socketPath))) await this.#launchOrMend();
    this.#lastUsedMs = this.#options.clock.monotonicMs();
  }

  async #launchOrMend(): Promise<void> {
    try {
      await this.#launch();
    } catch (error) {
      const said = await readFile(this.#logPath, 'utf8');
      if (!isStoreDamage(said) || !(await this.#options.onDamage?.(said))) throw error;
      await this.#launch();
    }
  }

  async #launch(): Promise<void> {
    await mkdir(this.#options.runDir, { recursive: true, mode: 0o700 });
    await rm(this.socketPath, { force: true });
    const ended = await this.#spawn();
    const deadline = performance.now() + startTimeoutMs;
    while (!(await ping(this.socketPath))) {
      if (ended.now || performance.now() > deadline) throw await this.#failure(ended.now);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** The log is a file, not a pipe: a pipe's end would kill the service together with the agent (SIGPIPE). */
  async #spawn(): Promise<{ now: string | undefined }> {
    const log = await open(this.#logPath, 'w', 0o600);
    const ended: { now: string | undefined } = { now: undefined };
    try {
      const child = spawn(this.#options.podmanPath, this.#arguments(), {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: this.#environment(),
        cwd: '/',
      });
      child.once('error', (error) => {
        ended.now = error.message;
      });
      child.once('exit', (code, signal) => {
        ended.now = `it ended with ${signal ?? `exit code ${code}`}`;
      });
      child.unref();
    } finally {
      await log.close();
    }
    return ended;
  }

  /** What conmon has podman do after the end of a container. Rejects with what podman said. */
  async cleanUp(containerId: string): Promise<void> {
    const args = [...this.#storageArguments(), 'container', 'cleanup', containerId];
    const options = { env: this.#environment(), cwd: '/', timeout: CLEANUP_TIMEOUT_MS };
    await promisify(execFile)(this.#options.podmanPath, args, options);
  }

  #arguments(): string[] {
    const service = ['system', 'service', '--time', `${idleExitSeconds}`, `unix://${this.socketPath}`];
    return [...this.#storageArguments(), ...service];
  }

  #storageArguments(): string[] {
    const { storage } = this.#options;
    return storage
      ? [
          ['--root', storage.root],
          ['--runroot', storage.runRoot],
          ['--tmpdir', storage.tmpDir],
          ['--network-config-dir', storage.networkConfigDir],
        ].flat()
      : [];
  }

  /** NOTIFY_SOCKET would let a container speak to systemd in the agent's name. */
  #environment(): NodeJS.ProcessEnv {
    const { NOTIFY_SOCKET: _notify, NODE_OPTIONS: _options, ...inherited } = process.env;
    const { homeDir, containersConfPath } = this.#options;
    const home = homeDir ? { HOME: homeDir } : {};
    return { ...inherited, ...home, CONTAINERS_CONF: containersConfPath, GOMEMLIMIT: memoryLimit };
  }

  async #failure(ended: string | undefined): Promise<RuntimeError> {
    const lines = (await readFile(this.#logPath, 'utf8')).trim().split('\n');
    // A podman that crashes tells first why, then where.
    const crash = lines.find((line) => line.startsWith('panic: '));
    const words = crash ?? lines.slice(-3).join(' ');
    const what = ended ?? `it did not answer within ${startTimeoutMs / 1000} s`;
    return new RuntimeError('RuntimeUnavailable', `podman's service could not be started: ${what}. ${words}`);
  }
}

/** Whether a service answers on the socket. */
function ping(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ socketPath, path: '/_ping', agent: false, timeout: 10_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(false));
    sent.end();
  });
}
