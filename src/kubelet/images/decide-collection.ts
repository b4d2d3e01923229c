// Which images go when the disk is full: those that were not used for longest, never one in use. Pure.
// https://kubernetes.io/docs/concepts/architecture/garbage-collection/#containers-images
export interface CollectionLimits {
  /** Percent of the disk in use at which images begin to go, and down to which they go. */
  highPercent: number;
  lowPercent: number;
  /** An image that came later may be awaited by a pod. */
  minAgeMs: number;
}

export const defaultCollectionLimits: CollectionLimits = {
  highPercent: 85,
  lowPercent: 80,
  minAgeMs: 120_000,
};

export interface Collectable {
  id: string;
  sizeBytes: number;
  isInUse: boolean;
  firstSeenMs: number;
  lastUsedMs: number;
}

/** 0 while the disk is not full enough. */
export function bytesToFree(
  disk: { totalBytes: number; availableBytes: number },
  { highPercent, lowPercent }: CollectionLimits,
): number {
  if (highPercent >= 100) return 0;
  const usedPercent = 100 - Math.floor((disk.availableBytes * 100) / disk.totalBytes);
  if (usedPercent < highPercent) return 0;
  return Math.max(0, Math.ceil((disk.totalBytes * (100 - lowPercent)) / 100) - disk.availableBytes);
}

/** In the order in which they are to go; no more than it takes. */
export function imagesToRemove(
  images: readonly Collectable[],
  wantedBytes: number,
  nowMs: number,
  minAgeMs: number,
): Collectable[] {
  const free = images.filter(({ isInUse, firstSeenMs }) => !isInUse && nowMs - firstSeenMs >= minAgeMs);
  const oldestFirst = free.toSorted((a, b) => a.lastUsedMs - b.lastUsedMs || a.firstSeenMs - b.firstSeenMs);
  const removed: Collectable[] = [];
  let freedBytes = 0;
  for (const image of oldestFirst) {
    if (freedBytes >= wantedBytes) break;
    removed.push(image);
    freedBytes += image.sizeBytes;
  }
  return removed;
}
