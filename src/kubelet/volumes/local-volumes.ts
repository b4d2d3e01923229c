// The directories of this board that are volumes: made when their first pod starts, kept when pods go, removed when
// the master says that the volume is released. The data of a volume that the master merely does not name stays.
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { boardOfLocalPath, isToBeRemoved } from '../../api/local-volume.ts';
import type { PersistentVolume } from '../../api/objects.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error-message.ts';
import type { Logger } from '../../base/logger.ts';
import { ControllerRunner } from '../../client/controller-runner.ts';
import { ConfigError } from '../config/config-error.ts';
import type { ObservedVolume, VolumeSink } from '../ports.ts';

export interface LocalVolumesOptions {
  nodeName: string;
  /** Each volume is a directory in it. */
  directory: string;
  /** The complete set of the master; `undefined` while there is none. */
  volumes(): ReadonlyMap<string, PersistentVolume> | undefined;
  sink: VolumeSink;
  clock: Clock;
  logger: Logger;
}

const WAITS = { initialMs: 1_000, maxMs: 60_000 };

export class LocalVolumes {
  readonly #options: LocalVolumesOptions;
  readonly #runner: ControllerRunner;
  readonly #reports = new Map<string, ObservedVolume>();

  constructor(options: LocalVolumesOptions) {
    this.#options = options;
    const { clock, logger } = options;
    const reconcile = (name: string) => this.#reconcile(name);
    this.#runner = new ControllerRunner({ name: 'local-volumes', reconcile, clock, logger, backoff: WAITS });
  }

  start(): Promise<void> {
    return this.#runner.start();
  }

  stop(): Promise<void> {
    return this.#runner.stop();
  }

  /** The desired set may have changed. */
  changed(): void {
    for (const [name, volume] of this.#options.volumes() ?? []) {
      if (isToBeRemoved(volume)) this.#runner.enqueue(name);
    }
    for (const name of this.#reports.keys()) this.#runner.enqueue(name);
  }

  /** Open to every user of a container, as upstream's local path provisioner leaves it. */
  async ensure(handle: string): Promise<string> {
    const path = this.#pathOf(handle);
    const isNew = (await mkdir(path, { recursive: true })) !== undefined;
    if (isNew) await chmod(path, 0o777);
    return path;
  }

  async #reconcile(name: string): Promise<void> {
    const volume = this.#options.volumes()?.get(name);
    const isOurs = volume && boardOfLocalPath(volume) === this.#options.nodeName;
    if (!isOurs || !isToBeRemoved(volume)) {
      if (this.#reports.delete(name)) this.#report();
      return;
    }
    const { uid } = volume.metadata;
    try {
      await rm(this.#pathOf(volume.spec.csi?.volumeHandle ?? ''), { recursive: true, force: true });
      this.#reports.set(name, { uid, removed: true });
    } catch (error) {
      const message = messageOf(error);
      this.#reports.set(name, { uid, removed: false, message });
      throw error;
    } finally {
      this.#report();
    }
  }

  #report(): void {
    this.#options.sink.reportVolumes(Object.fromEntries(this.#reports));
  }

  #pathOf(handle: string): string {
    if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(handle)) return join(this.#options.directory, handle);
    throw new ConfigError(`volume handle "${handle}" is no name of a directory`, 'FailedMount');
  }
}
