// When a board has too little left: upstream's hard eviction thresholds. Pure.
// https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#hard-eviction-thresholds
import type { Pressure } from '../../api/board-conditions.ts';
import type { BoardLoad } from '../board/board-load.ts';

/** Which amount ran short, in upstream's words. */
export type Resource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

export interface Shortage {
  resource: Resource;
  pressure: Pressure;
  available: number;
  threshold: number;
}

const MIB = 1024 * 1024;
const MEMORY_LEFT_BYTES = 100 * MIB;
const DISK_LEFT = 0.1;
/** Where images have a file system of their own: they can be fetched again, so they give way earlier. */
const IMAGES_LEFT = 0.15;
const INODES_LEFT = 0.05;
/** Upstream has none; a board without processes left cannot even be looked at. */
const PIDS_LEFT = 0.1;

/** In the order in which they are met: what kills a board soonest first. */
export function shortages({ memory, pids, disk, imageDisk }: BoardLoad): Shortage[] {
  const found: (Shortage | undefined)[] = [
    short(
      'memory',
      'MemoryPressure',
      memory.totalBytes - memory.usedBytes,
      memoryThreshold(memory.totalBytes),
    ),
    pids && short('pids', 'PIDPressure', pids.max - pids.used, pids.max * PIDS_LEFT),
  ];
  for (const [place, left] of [
    [disk, DISK_LEFT],
    [imageDisk, IMAGES_LEFT],
  ] as const) {
    if (place?.availableBytes !== undefined)
      found.push(short('ephemeral-storage', 'DiskPressure', place.availableBytes, place.totalBytes * left));
    if (place?.inodes)
      found.push(short('inodes', 'DiskPressure', place.inodes.free, place.inodes.total * INODES_LEFT));
  }
  return found.filter((shortage) => shortage !== undefined);
}

/** On a board of 512 MB upstream's 100 Mi would be met with one agent and nothing else running. */
function memoryThreshold(totalBytes: number): number {
  return Math.min(MEMORY_LEFT_BYTES, totalBytes * 0.1);
}

function short(
  resource: Resource,
  pressure: Pressure,
  available: number,
  threshold: number,
): Shortage | undefined {
  return available < threshold
    ? { resource, pressure, available, threshold: Math.floor(threshold) }
    : undefined;
}
