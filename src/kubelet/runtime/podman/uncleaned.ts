// Cleans up after containers whose conmon died before it could have podman do it: they would keep their mounts, and for
// podman run on, until their pod goes. Every ended container that podman calls no more than stopped is looked at a little
// later; mostly podman has done it by then.
import { exponentialBackoffMs } from '../../../base/backoff.ts';
import type { Clock, Timer } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import { isAlive } from './exits.ts';
import type { Inspected, LibpodContainers } from './libpod-containers.ts';
import { type Process, processes } from './process-table.ts';

export interface UncleanedOptions {
  containers: Pick<LibpodContainers, 'inspect' | 'kill'>;
  /** podman's own cleanup, which conmon would have begun. */
  cleanUp(containerId: string): Promise<void>;
  clock: Clock;
  logger: Logger;
  /** Of the board. */
  processes?(): Promise<Process[]>;
}

/** podman takes some 50 ms for it, on a busy board seconds. */
const AGAIN_BACKOFF = { initialMs: 3_000, maxMs: 60_000 };

export class Uncleaned {
  readonly #options: UncleanedOptions;
  /** By container id. */
  readonly #nextLooks = new Map<string, Timer>();

  constructor(options: UncleanedOptions) {
    this.#options = options;
  }

  expect(containerId: string): void {
    if (!this.#nextLooks.has(containerId)) this.#lookLater(containerId, 1);
  }

  stop(): void {
    for (const timer of this.#nextLooks.values()) timer.cancel();
    this.#nextLooks.clear();
  }

  #lookLater(id: string, looks: number): void {
    const delayMs = exponentialBackoffMs(AGAIN_BACKOFF, looks);
    this.#nextLooks.set(
      id,
      this.#options.clock.after(delayMs, () => void this.#look(id, looks)),
    );
  }

  async #look(id: string, looks: number): Promise<void> {
    const isClean = await this.#isClean(id).catch((error: unknown) => {
      this.#options.logger.warn({ id, err: error }, 'what a dead conmon left cannot be cleaned up now');
      return false;
    });
    // Stopped meanwhile.
    if (!this.#nextLooks.has(id)) return;
    if (isClean) this.#nextLooks.delete(id);
    else this.#lookLater(id, looks + 1);
  }

  /** One that this had to clean is looked at once more. */
  async #isClean(id: string): Promise<boolean> {
    const { containers, cleanUp, logger } = this.#options;
    const found = await containers.inspect(id);
    if (!found || !isUncleaned(found)) return true;
    const all = await (this.#options.processes ?? processes)();
    if (all.some(({ words }) => words.includes(id))) return false;
    logger.warn({ id }, 'conmon died before podman had cleaned up: it is done now');
    // For podman it runs: it waits for conmon's word in vain, says so, and knows better from then on.
    if (found.status === 'running') await containers.kill(id).catch(() => containers.kill(id));
    await cleanUp(id);
    return false;
  }
}

/** Ended, and podman has done no more than to notice it, if that. */
function isUncleaned({ status, container }: Inspected): boolean {
  const isGone = container.pid === undefined || !isAlive(container.pid);
  return status === 'stopped' || (status === 'running' && isGone);
}
