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

export interface ResizeOptions {
  client: Pick<LibpodClient, 'call'>;
  containers: Pick<LibpodContainers, 'inspect'>;
  /** By the kernel's account; `undefined` where it keeps none. */
  usedBytes?(containerId: string, pid: number): Promise<number | undefined>;
}

export class Resize {
  readonly #options: ResizeOptions;

  constructor(options: ResizeOptions) {
    this.#options = options;
  }

  /** Rejects with `ResizeContainerError`; then nothing has changed. */
  async update(id: string, resources: ContainerConfig['resources']): Promise<void> {
    const limits = resourceLimits(resources);
    if (!limits) return;
    const pid = (await this.#options.containers.inspect(id))?.container.pid;
    if (pid === undefined) throw new RuntimeError(REASON, `container ${id} is not running`);
    await this.#refuseBelowUse(id, pid, resources.memoryLimitBytes);
    try {
      await this.#options.client.call({ method: 'POST', path: `/containers/${id}/update`, json: limits });
    } catch (error) {
      throw asRuntimeError(error, REASON);
    }
  }

  async #refuseBelowUse(id: string, pid: number, limitBytes: number | undefined): Promise<void> {
    if (limitBytes === undefined) return;
    const { usedBytes = workingSetBytes } = this.#options;
    const used = await usedBytes(id, pid);
    if (used === undefined || used <= limitBytes) return;
    const words = `attempting to set container memory limit (${limitBytes}) below current usage (${used})`;
    throw new RuntimeError(REASON, words);
  }
}

async function workingSetBytes(containerId: string, pid: number): Promise<number | undefined> {
  const files = await containerCgroup(await readCgroupMounts(), containerId, pid);
  return files && (await readCounters(files))?.workingSetBytes;
}
