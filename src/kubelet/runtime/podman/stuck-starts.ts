// Notices a start that nobody will ever answer: the OCI runtime was killed while it made the container, conmon waits for
// what it began, and podman waits for conmon. The processes tell within seconds; podman's silence only after a minute.
import type { Clock, Timer } from '../../../base/clock.ts';
import { isThere } from '../../../base/if-present.ts';
import type { Logger } from '../../../base/logger.ts';
import { endHalfMade } from './half-made.ts';
import { isConmon, isConmonOf, type Process, processes } from './process-table.ts';

export interface StuckStartsOptions {
  clock: Clock;
  logger: Logger;
  /** Of the board. */
  processes?(): Promise<Process[]>;
  isThere?(path: string): Promise<boolean>;
  end?(containerId: string): Promise<void>;
}

/** Longer than most starts take, so that most are never looked at. */
const LOOK_MS = 2_000;
/** Between two steps of a start there is nobody for a moment. */
const LOOKS = 2;

interface Pending {
  sinceMs: number;
  /** Looks in a row that found it stuck. */
  stuck: number;
}

export class StuckStarts {
  readonly #options: StuckStartsOptions;
  /** By container id. */
  readonly #pending = new Map<string, Pending>();
  #timer: Timer | undefined;

  constructor(options: StuckStartsOptions) {
    this.#options = options;
  }

  /** As `start`, which podman answers with an error as soon as it is found to be stuck. */
  async during<T>(containerId: string, start: () => Promise<T>): Promise<T> {
    this.#pending.set(containerId, { sinceMs: this.#options.clock.monotonicMs(), stuck: 0 });
    this.#arm();
    try {
      return await start();
    } finally {
      this.#pending.delete(containerId);
    }
  }

  #arm(): void {
    if (this.#timer || this.#pending.size === 0) return;
    this.#timer = this.#options.clock.after(LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { clock, logger } = this.#options;
    const oldMs = clock.monotonicMs() - LOOK_MS;
    const old = [...this.#pending].filter(([, { sinceMs }]) => sinceMs <= oldMs);
    try {
      if (old.length > 0) await this.#judge(old);
    } catch (error) {
      logger.warn({ err: error }, 'starts under way cannot be looked at: one that is stuck takes a minute');
    }
    this.#timer = undefined;
    this.#arm();
  }

  async #judge(old: readonly [string, Pending][]): Promise<void> {
    const { logger, end = endHalfMade } = this.#options;
    const all = await (this.#options.processes ?? processes)();
    for (const [id, pending] of old) {
      pending.stuck = (await this.#isStuck(all, id)) ? pending.stuck + 1 : 0;
      if (pending.stuck !== LOOKS) continue;
      logger.warn({ id }, 'the OCI runtime was killed while it made a container: it is made anew');
      await end(id);
    }
  }

  async #isStuck(all: readonly Process[], id: string): Promise<boolean> {
    const pidFile = unfinishedPidFile(all, id);
    return pidFile !== undefined && !(await (this.#options.isThere ?? isThere)(pidFile));
  }
}

/** Where conmon will say that the container is made, when nobody is at work on it; `undefined` while somebody is. */
export function unfinishedPidFile(all: readonly Process[], id: string): string | undefined {
  const concerned = all.filter(({ words }) => words.includes(id));
  if (concerned.some((process) => !isConmon(process))) return undefined;
  const words = concerned.find((process) => isConmonOf(process, id))?.words ?? [];
  return words.includes('-p') ? words[words.indexOf('-p') + 1] : undefined;
}
