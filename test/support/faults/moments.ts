// Sees the moments of a pod's life on a board as the files show them: what podman is doing right now.
import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Board } from '../lab.ts';
import { OCI_RUNTIMES } from './board-processes.ts';
import { MOMENTS, type Moment } from './fault-plan.ts';

/** On the board. conmon writes the last one when a container ends. */
const FOLDERS: Readonly<Record<Moment, readonly string[]>> = {
  create: ['/var/lib/containers/storage/overlay-containers'],
  // Its network follows within it.
  start: OCI_RUNTIMES.map((name) => `/run/${name}`),
  delete: ['/run/libpod/exits'],
};

const CONTAINER_ID = /^[0-9a-f]{64}$/;

export class Moments {
  readonly #watchers: FSWatcher[] = [];
  readonly #waiting = new Map<Moment, () => void>();
  /** Ids of all containers that were made or ended while this watched. */
  readonly seenIds = new Set<string>();

  start(board: Board): void {
    for (const moment of MOMENTS) {
      for (const folder of FOLDERS[moment]) {
        const path = join(`/proc/${board.holderPid}/root`, folder);
        mkdirSync(path, { recursive: true });
        this.#watchers.push(watch(path, (_event, name) => this.#seen(moment, name)));
      }
    }
  }

  stop(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  /** Resolves with whether it came within `timeoutMs`. */
  next(moment: Moment, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isSeen: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(moment);
        resolve(isSeen);
      };
      const timer = setTimeout(() => end(false), timeoutMs);
      this.#waiting.set(moment, () => end(true));
    });
  }

  #seen(moment: Moment, name: string | null): void {
    if (name && CONTAINER_ID.test(name)) this.seenIds.add(name);
    this.#waiting.get(moment)?.();
  }
}
