// The devices of this board as they are now: read at the start and whenever a file in /dev comes or goes, never by the
// clock. Joins what was found with who holds it.
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { core } from '../../api/objects.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import { namesIn } from '../../base/if-present.ts';
import type { Logger } from '../../base/logger.ts';
import { BoardFiles } from '../board/board-files.ts';
import type { BoardDevice } from './board-device.ts';
import { demandOf } from './device-demand.ts';
import { DeviceGrants, type DeviceHolder } from './device-grants.ts';
import { findDevices } from './find-devices.ts';

/** Udev renames, links and sets modes for a moment after a device came; one look is enough for all of it. */
const SETTLE_MS = 1_000;

export interface BoardDevicesOptions {
  clock: Clock;
  logger: Logger;
  /** The board's devices are others than before. */
  onChange(): void;
  /** Where the files of the running system are; `/` but in tests. */
  root?: string;
}

/** What a container is given. */
export interface DeviceGrant {
  paths: string[];
  /** Groups that may use the files: the container's user gets them as supplementary ones. */
  groups: number[];
}

export class BoardDevices implements Component {
  readonly #options: BoardDevicesOptions;
  readonly #files: BoardFiles;
  readonly #grants = new DeviceGrants();
  #found: BoardDevice[] = [];
  #watchers: FSWatcher[] = [];
  #settling: Timer | undefined;
  #reading: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(options: BoardDevicesOptions) {
    this.#options = options;
    this.#files = new BoardFiles(options.root);
  }

  get found(): readonly BoardDevice[] {
    return this.#found;
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#read();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#settling?.cancel();
    this.#unwatch();
    await this.#reading;
  }

  /** Reserves what `container` asks for until release(). @throws DevicesTaken */
  async grant(
    container: core.Container,
    podUid: string,
    holders: readonly DeviceHolder[],
  ): Promise<DeviceGrant> {
    const own = { podUid, containerName: container.name };
    const paths = this.#grants.reserve(demandOf(container), this.#found, holders, own);
    const owners = await Promise.all(
      paths.map((path) => stat(this.#files.path(path)).catch(() => undefined)),
    );
    const groups = owners.flatMap((owner) => (owner && owner.gid > 0 ? [owner.gid] : []));
    return { paths, groups: [...new Set(groups)] };
  }

  release({ paths }: DeviceGrant): void {
    this.#grants.release(paths);
  }

  async #read(): Promise<void> {
    await this.#watch();
    this.#found = await findDevices(this.#files);
  }

  /** Watched before it is read, so that nothing is missed. A file's content and times are of no interest. */
  async #watch(): Promise<void> {
    this.#unwatch();
    const dev = this.#files.path('dev');
    const usb = join(dev, 'bus/usb');
    const buses = (await namesIn(usb)).map((bus) => join(usb, bus));
    for (const directory of this.#isRunning ? [dev, ...buses] : []) this.#watchOne(directory);
  }

  #watchOne(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (kind) => kind === 'rename' && this.#changed());
      // The bus went with its controller: /dev tells.
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch (error) {
      const why = 'devices that come later are not seen before a restart of the agent';
      this.#options.logger.warn({ directory, error: String(error) }, why);
    }
  }

  #unwatch(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #changed(): void {
    if (!this.#isRunning) return;
    this.#settling?.cancel();
    this.#settling = this.#options.clock.after(SETTLE_MS, () => {
      this.#reading = this.#reading.then(() => this.#readAgain());
    });
  }

  async #readAgain(): Promise<void> {
    const before = JSON.stringify(this.#found);
    try {
      await this.#read();
    } catch (error) {
      this.#options.logger.warn({ error: String(error) }, 'the devices of this board cannot be read');
    }
    if (this.#isRunning && JSON.stringify(this.#found) !== before) this.#options.onChange();
  }
}
