// When a board has too little left: upstream's hard eviction thresholds, by upstream's names. Pure.
// https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#eviction-signals
import type { Pressure } from '../../api/board-conditions.ts';
import type { BoardLoad, DiskUse } from '../board/board-load.ts';

/** Which amount ran short, in upstream's words. */
export type Resource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

/** What files take, on whichever file system. */
export function isOnDisk(resource: Resource): boolean {
  return resource === 'ephemeral-storage' || resource === 'inodes';
}

export interface Shortage {
  resource: Resource;
  pressure: Pressure;
  available: number;
  threshold: number;
}

/** In the order in which they are met: what kills a board soonest first. */
export const EVICTION_SIGNALS = [
  'memory.available',
  'pid.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
] as const;
export type EvictionSignal = (typeof EVICTION_SIGNALS)[number];

/** Too little is less than `amount` (bytes or a count), or than this share of all; where both are given, less than both. */
export interface Threshold {
  amount?: number;
  share?: number;
}

/** A signal without one is not looked at. */
export type Thresholds = Readonly<Partial<Record<EvictionSignal, Threshold>>>;

const MIB = 1024 * 1024;

export const defaultThresholds: Thresholds = {
  // Of a board of 512 MB upstream's 100 Mi would be met with one agent and nothing else running.
  'memory.available': { amount: 100 * MIB, share: 0.1 },
  // Upstream has none; a board without processes left cannot even be looked at.
  'pid.available': { share: 0.1 },
  'nodefs.available': { share: 0.1 },
  'nodefs.inodesFree': { share: 0.05 },
  // Where images have a file system of their own: they can be fetched again, so they give way earlier.
  'imagefs.available': { share: 0.15 },
  'imagefs.inodesFree': { share: 0.05 },
};

interface Signal {
  resource: Resource;
  pressure: Pressure;
  /** Absent where this board does not tell. */
  seen: { available: number; total: number } | undefined;
}

export function shortages(load: BoardLoad, thresholds: Thresholds = defaultThresholds): Shortage[] {
  return EVICTION_SIGNALS.flatMap((name) => {
    const { resource, pressure, seen } = signalOf(name, load);
    const threshold = thresholds[name];
    if (!threshold || !seen) return [];
    const least = leastOf(threshold, seen.total);
    if (seen.available >= least) return [];
    return [{ resource, pressure, available: seen.available, threshold: Math.floor(least) }];
  });
}

function leastOf({ amount = Number.POSITIVE_INFINITY, share }: Threshold, total: number): number {
  return Math.min(amount, share === undefined ? Number.POSITIVE_INFINITY : total * share);
}

function signalOf(name: EvictionSignal, { memory, pids, disk, imageDisk }: BoardLoad): Signal {
  const onDisk = { resource: 'ephemeral-storage', pressure: 'DiskPressure' } as const;
  const ofFiles = { resource: 'inodes', pressure: 'DiskPressure' } as const;
  switch (name) {
    case 'memory.available': {
      const seen = { available: memory.totalBytes - memory.usedBytes, total: memory.totalBytes };
      return { resource: 'memory', pressure: 'MemoryPressure', seen };
    }
    case 'pid.available': {
      const seen = pids && { available: pids.max - pids.used, total: pids.max };
      return { resource: 'pids', pressure: 'PIDPressure', seen };
    }
    case 'nodefs.available':
      return { ...onDisk, seen: bytesOf(disk) };
    case 'nodefs.inodesFree':
      return { ...ofFiles, seen: inodesOf(disk) };
    case 'imagefs.available':
      return { ...onDisk, seen: bytesOf(imageDisk) };
    case 'imagefs.inodesFree':
      return { ...ofFiles, seen: inodesOf(imageDisk) };
  }
}

function bytesOf(disk: DiskUse | undefined): Signal['seen'] {
  if (disk?.availableBytes === undefined) return undefined;
  return { available: disk.availableBytes, total: disk.totalBytes };
}

function inodesOf(disk: DiskUse | undefined): Signal['seen'] {
  return disk?.inodes && { available: disk.inodes.free, total: disk.inodes.total };
}
