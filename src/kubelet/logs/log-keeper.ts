// Keeps what conmon drops when a log is full. Looks at each running container's log once a beat, which costs a stat; a
// rotation costs a rename and a link. Between two looks a container may fill one file: that much is never lost.
import { stat } from 'node:fs/promises';
import type { Logger } from '../../base/logger.ts';
import type { RuntimeContainer } from '../runtime/runtime.ts';
import { holdLog } from './log-files.ts';
import type { LogLimits } from './log-limits.ts';

type Written = Pick<RuntimeContainer, 'id' | 'logPath'>;

export interface LogKeeperOptions {
  limits: LogLimits;
  /** Asks no engine. */
  running(): readonly Written[];
  logger: Logger;
}

export class LogKeeper {
  readonly #options: LogKeeperOptions;
  /** Container id → inode of the file that is held. */
  readonly #held = new Map<string, number>();
  #looking: Promise<void> | undefined;

  constructor(options: LogKeeperOptions) {
    this.#options = options;
  }

  /** Resolves when all have been looked at; never rejects, never two at once. */
  look(): Promise<void> {
    if (this.#options.limits.maxFiles < 2) return Promise.resolve();
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<void> {
    const running = this.#options.running();
    const ids = new Set(running.map(({ id }) => id));
    for (const id of this.#held.keys()) if (!ids.has(id)) this.#held.delete(id);
    for (const container of running) await this.#lookAt(container);
  }

  async #lookAt({ id, logPath }: Written): Promise<void> {
    if (!logPath) return;
    try {
      const { ino } = await stat(logPath);
      if (this.#held.get(id) === ino) return;
      const held = await holdLog(logPath, this.#options.limits.maxFiles);
      if (held !== undefined) this.#held.set(id, held);
    } catch (error) {
      // Its pod was removed in this moment.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.#options.logger.warn({ logPath, error: String(error) }, 'a full log is not kept');
    }
  }
}
