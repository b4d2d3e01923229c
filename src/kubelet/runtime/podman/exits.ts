// Notices that a container's process ended. conmon writes a file named after the container, which lives 30-90 ms:
// its appearance means "look at this id". A slow check of the known pids is the net below.
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import type { Clock, Timer } from '../../../base/clock.ts';
import type { Component } from '../../../base/component.ts';
import type { Logger } from '../../../base/logger.ts';
import { hasOomKill, oomCounterFiles } from './oom.ts';

export interface ExitsOptions {
  /** libpod's folder of exit files. It may appear later: until then the pid check alone serves. */
  exitsDir: string;
  clock: Clock;
  logger: Logger;
  onExit: (containerId: string) => void;
}

const pidCheckIntervalMs = 10_000;

export class Exits implements Component {
  readonly #options: ExitsOptions;
  /** Process id by container id. */
  readonly #running = new Map<string, number | undefined>();
  readonly #oomKilled = new Set<string>();
  #watcher: FSWatcher | undefined;
  #timer: Timer | undefined;

  constructor(options: ExitsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#watch();
    this.#timer = this.#options.clock.every(pidCheckIntervalMs, () => this.#check());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#unwatch();
    this.#running.clear();
  }

  /** From now on the end of this container is told; without a pid (it is about to start) by its exit file alone. */
  follow(id: string, pid?: number): void {
    this.#running.set(id, pid);
  }

  forget(id: string): void {
    this.#running.delete(id);
    this.#oomKilled.delete(id);
  }

  /** Whether the kernel was seen to kill in this container for want of memory. */
  wasOomKilled(id: string): boolean {
    return this.#oomKilled.has(id);
  }

  #watch(): void {
    try {
      this.#watcher = watch(this.#options.exitsDir, { persistent: false }, (_event, name) =>
        this.#seen(name),
      );
      this.#watcher.on('error', () => this.#unwatch());
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'no folder of exit files yet');
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Other programs' containers leave files here too: only the known ones count, each once. */
  #seen(name: string | null): void {
    if (name === null) this.#check();
    else if (this.#running.has(name)) this.#ended(name);
    else if (name === 'exits') this.#unwatch(); // The folder itself went; the next check finds the new one.
  }

  #check(): void {
    if (!this.#watcher) this.#watch();
    for (const [id, pid] of this.#running) {
      if (pid !== undefined && !isAlive(pid)) this.#ended(id);
    }
  }

  /** The counter is read at once: the cleanup that conmon started removes the cgroup within some 30 ms. */
  #ended(id: string): void {
    this.#running.delete(id);
    if (oomCounterFiles(id).some(readsOomKill)) this.#oomKilled.add(id);
    this.#options.onExit(id);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readsOomKill(file: string): boolean {
  try {
    return hasOomKill(readFileSync(file, 'utf8'));
  } catch {
    return false; // Not this kind of cgroup, or gone already: what podman says then holds.
  }
}
