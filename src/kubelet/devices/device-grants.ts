// Gives devices to containers, one container a device. Who holds what is written on the containers themselves, so nothing
// is stored and a restart of the agent changes nothing; only what is being started is remembered here.
import { type BoardDevice, type DeviceSort, resourceOf } from './board-device.ts';
import type { DeviceDemand } from './device-demand.ts';

export interface DeviceHolder {
  podUid: string;
  containerName: string | undefined;
  devices: readonly string[];
  state: string;
}

/** There are fewer free than asked for. */
export class DevicesTaken extends Error {}

export class DeviceGrants {
  readonly #reserved = new Set<string>();

  /**
   * Device files for a container, reserved until release(): those its attempt before had, if they are free, so that a
   * restart does not swap them. @throws DevicesTaken
   */
  reserve(
    demand: DeviceDemand,
    devices: readonly BoardDevice[],
    holders: readonly DeviceHolder[],
    own: Pick<DeviceHolder, 'podUid' | 'containerName'>,
  ): string[] {
    const taken = new Set(
      holders.filter(({ state }) => state !== 'exited').flatMap((holder) => holder.devices),
    );
    const isOwn = (holder: DeviceHolder) =>
      holder.podUid === own.podUid && holder.containerName === own.containerName;
    const before = new Set(holders.filter(isOwn).flatMap((holder) => holder.devices));
    const isFree = ({ paths }: BoardDevice) =>
      !paths.some((path) => taken.has(path) || this.#reserved.has(path));
    const free = devices.filter(isFree).sort((a, b) => hadFirst(a, before) - hadFirst(b, before));
    const granted = Object.entries(demand).flatMap(([sort, count]) => pick(free, sort as DeviceSort, count));
    for (const path of granted) this.#reserved.add(path);
    return granted;
  }

  /** The container is listed by the engine now, or was never made. */
  release(paths: readonly string[]): void {
    for (const path of paths) this.#reserved.delete(path);
  }
}

function hadFirst({ paths }: BoardDevice, before: ReadonlySet<string>): number {
  return paths.some((path) => before.has(path)) ? 0 : 1;
}

function pick(free: readonly BoardDevice[], sort: DeviceSort, count: number): string[] {
  const chosen = free.filter((device) => device.sort === sort).slice(0, count);
  if (chosen.length === count) return chosen.flatMap(({ paths }) => paths);
  throw new DevicesTaken(
    `requested number of devices unavailable for ${resourceOf(sort)}. Requested: ${count}, Available: ${chosen.length}`,
  );
}
