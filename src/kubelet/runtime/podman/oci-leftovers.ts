// What a podman killed during a start leaves with the OCI runtime: a container made there and never started, its
// init and its conmon waiting for ever (some 4 MB). podman removes what it knows and not these; a reboot does.
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '../../../base/logger.ts';
import type { MachineSettings } from './settings.ts';

const execute = promisify(execFile);

export interface OciLeftoversOptions {
  ociRuntime: MachineSettings['ociRuntime'];
  logger: Logger;
  /** Where OCI runtimes keep what they know, a folder each with a folder per container; `/run` unless given. */
  stateFolder?: string;
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
    const { ociRuntime, logger, stateFolder = '/run', run = execute } = this.#options;
    if (!(await exists(join(stateFolder, ociRuntime, containerId)))) return;
    try {
      await run(ociRuntime, ['delete', '--force', containerId]);
      logger.info({ containerId }, 'removed a half-made container that a killed podman left');
    } catch (error) {
      logger.warn(
        { err: error, containerId },
        'a half-made container of a killed podman stays until a reboot',
      );
    }
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
