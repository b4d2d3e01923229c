// How many devices of each sort a container asks for.
import type { core } from '../../api/objects.ts';
import { type DeviceSort, deviceSortOf } from './board-device.ts';

export type DeviceDemand = Partial<Record<DeviceSort, number>>;

/** Of extended resources request and limit are the same; either may be left out. */
export function demandOf({ resources }: core.Container): DeviceDemand {
  const demand: DeviceDemand = {};
  for (const [name, quantity] of Object.entries({ ...resources?.requests, ...resources?.limits })) {
    const sort = deviceSortOf(name);
    const count = Number(quantity);
    if (sort && count > 0) demand[sort] = count;
  }
  return demand;
}
