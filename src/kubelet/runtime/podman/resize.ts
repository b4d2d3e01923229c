// Other limits for a container that runs. Memory that is in use is never taken: on cgroup v2 the kernel would make room
// by killing. https://docs.podman.io/en/latest/_static/api.html (containers/update)
import { readCounters } from '../../metrics/cgroup-counters.ts';
import { containerCgroup, readCgroupMounts } from '../../metrics/container-cgroup.ts';
import { type ContainerConfig, RuntimeError } from '../runtime.ts';
import { resourceLimits } from './container-spec.ts';
import type { LibpodClient } from './libpod-client.ts';
import type { LibpodContainers } from './libpod-containers.ts';
import { asRuntimeError } from './libpod-error.ts';

const REASON = 'ResizeContainerError';

export class Resize {
  readonly #client: Pick<LibpodClient, 'call'>;
  readonly #containers: Pick<LibpodContainers, 'inspect'>;

  constructor(client: Pick<LibpodClient, 'call'>, containers: Pick<LibpodContainers, 'inspect'>) {
    this.#client = client;
    this.#containers = containers;
  }

  /** Rejects with `ResizeContainerError`; then nothing has changed. */
  async update(id: string, resources: ContainerConfig['resources']): Promise<void> {
    const limits = resourceLimits(resources);
    if (!limits) return;
    const { memoryLimitBytes } = resources;
    if (memoryLimitBytes !== undefined) await this.#refuseBelowUse(id, memoryLimitBytes);
    try {
      await this.#client.call({ method: 'POST', path: `/containers/${id}/update`, json: limits });
    } catch (error) {
      throw asRuntimeError(error, REASON);
    }
  }

  async #refuseBelowUse(id: string, limitBytes: number): Promise<void> {
    const pid = (await this.#containers.inspect(id))?.container.pid;
    const files = pid === undefined ? undefined : await containerCgroup(await readCgroupMounts(), id, pid);
    const usedBytes = files && (await readCounters(files))?.workingSetBytes;
    if (usedBytes === undefined || usedBytes <= limitBytes) return;
    const words = `attempting to set container memory limit (${limitBytes}) below current usage (${usedBytes})`;
    throw new RuntimeError(REASON, words);
  }
}
