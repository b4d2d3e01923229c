// What a board offers to one container at a time, and under which names pods ask for it: extended resources.
// https://kubernetes.io/docs/tasks/configure-pod-container/extended-resource/

const PREFIX = 'edge-cluster.io/';
/** In the order in which they are told. */
export const DEVICE_SORTS = ['gpio', 'i2c', 'spi', 'serial', 'video', 'usb'] as const;
export type DeviceSort = (typeof DEVICE_SORTS)[number];

/** One unit of a resource. */
export interface BoardDevice {
  sort: DeviceSort;
  /** Device files that are granted together, such as both nodes of one camera; the first one names the device. */
  paths: string[];
}

export function resourceOf(sort: DeviceSort): string {
  return `${PREFIX}${sort}`;
}

/** `undefined` for a resource that is no device of ours. */
export function deviceSortOf(resource: string): DeviceSort | undefined {
  return DEVICE_SORTS.find((sort) => resourceOf(sort) === resource);
}

/** Quantities for a Node's capacity: what the board does not have is not there. */
export function deviceCounts(devices: readonly BoardDevice[]): Record<string, string> {
  const counts: Record<string, string> = {};
  for (const sort of DEVICE_SORTS) {
    const count = devices.filter((device) => device.sort === sort).length;
    if (count > 0) counts[resourceOf(sort)] = String(count);
  }
  return counts;
}
