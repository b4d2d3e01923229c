// What a podman killed during a start leaves with the OCI runtime: a container made there and never started, its
// init and its conmon waiting for ever (some 4 MB), or its empty cgroup alone. podman removes what it knows and not
// these; a reboot does.
import { execFile } from 'node:child_process';
import { readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isThere, namesIn, readFileIfPresent } from '../../../base/if-present.ts';
import type { Logger } from '../../../base/logger.ts';
import { signalProcess } from './process-table.ts';
import type { MachineSettings } from './settings.ts';

/** How long processes of a cgroup may take to end, on a busy board. */
const ENDING_MS = 5_000;
const ENDING_STEP_MS = 50;

const execute = promisify(execFile);

export interface OciLeftoversOptions {
  ociRuntime: MachineSettings['ociRuntime'];
  /** podman's store of images and containers: what the OCI runtime has with files in it is podman's. */
  storageRoot: string;
  logger: Logger;
  /** Where OCI runtimes keep what they know, a folder each with a folder per container; `/run` unless given. */
  stateFolder?: string;
  /** `/sys/fs/cgroup` unless given. */
  cgroupFolder?: string;
  /** Runs a program to its end; rejects when it fails. */
  run?(program: string, args: readonly string[]): Promise<unknown>;
}

export class OciLeftovers {
  readonly #options: OciLeftoversOptions;

  constructor(options: OciLeftoversOptions) {
    this.#options = options;
  }

  /** To be called once podman has removed the container: mostly nothing is left, which costs no process. */
  async clear(containerId: string): Promise<void> {
    const { ociRuntime, logger, run = execute } = this.#options;
    if (await isThere(join(this.#states, containerId))) {
      try {
        await run(ociRuntime, ['delete', '--force', containerId]);
        logger.info({ containerId }, 'removed a half-made container that a killed podman left');
      } catch (error) {
        const words = 'a half-made container of a killed podman stays until a reboot';
        logger.warn({ err: error, containerId }, words);
      }
    }
    await this.#clearCgroups(containerId);
  }

  /**
   * Clears what podman started before it was killed and does not know. It is asked for the ids that it knows after the OCI
   * runtime was: what is started meanwhile is not looked at.
   */
  async sweep(knownIds: () => Promise<ReadonlySet<string>>): Promise<void> {
    const started = await namesIn(this.#states);
    const known = await knownIds();
    for (const id of started) {
      if (!known.has(id) && (await this.#isOfStore(id))) await this.clear(id);
    }
  }

  get #states(): string {
    const { ociRuntime, stateFolder = '/run' } = this.#options;
    return join(stateFolder, ociRuntime);
  }

  /** runc and crun both write down where the container's files are. */
  async #isOfStore(id: string): Promise<boolean> {
    for (const name of ['state.json', 'status']) {
      const text = await readFile(join(this.#states, id, name), 'utf8').catch(() => '');
      const bundle = /"bundle(?:=|"\s*:\s*")([^"]+)"/.exec(text)?.[1];
      if (bundle) return bundle.startsWith(join(this.#options.storageRoot, '/'));
    }
    return false;
  }

  /** Under cgroup v1 one for each controller. */
  async #clearCgroups(containerId: string): Promise<void> {
    const { cgroupFolder = '/sys/fs/cgroup', logger } = this.#options;
    const name = join('libpod_parent', `libpod-${containerId}`);
    const roots = [cgroupFolder, join(cgroupFolder, 'memory')];
    const isLeft = await Promise.all(roots.map((root) => isThere(join(root, name))));
    if (!isLeft.includes(true)) return;
    const controllers = (await namesIn(cgroupFolder)).map((controller) =>
      join(cgroupFolder, controller, name),
    );
    for (const path of [join(cgroupFolder, name), ...controllers]) {
      await removeCgroup(path).catch((error) => logger.warn({ err: error }, 'a cgroup stays'));
    }
  }
}

/** The kernel refuses while a process is in it: of a container that is gone, what the OCI runtime had begun when it died. */
async function removeCgroup(path: string, triesLeft = ENDING_MS / ENDING_STEP_MS): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return;
    if (code !== 'EBUSY' || triesLeft === 0) throw error;
    const pids = (await readFileIfPresent(join(path, 'cgroup.procs'))) ?? '';
    for (const pid of pids.split('\n').filter(Boolean)) signalProcess(Number(pid), 'SIGKILL');
    await setTimeout(ENDING_STEP_MS);
    await removeCgroup(path, triesLeft - 1);
  }
}
