// A ReadWriteOncePod claim is for one pod at a time, wherever that is.
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
import type { Pod } from '../../api/objects.ts';
import { claimKeysOf } from '../../api/pod-claims.ts';
import type { World } from '../world.ts';
import { type Filter, unlessEvicted } from './filter.ts';

const REASON =
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';

export const volumeRestrictions: Filter = {
  name: 'VolumeRestrictions',
  prepare: ({ pod }, world) => {
    const exclusive = claimKeysOf(pod).filter((key) => isForOnePod(world, key));
    if (exclusive.length === 0) return undefined;
    const holds = (other: Pod) => claimKeysOf(other).some((key) => exclusive.includes(key));
    const key = `holds ${exclusive.join(' ')}`;
    const holders = world.counts({ key, matches: holds });
    return holders.size > 0 ? () => unlessEvicted(REASON) : undefined;
  },
};

function isForOnePod({ storage }: World, key: string): boolean {
  return storage.claim(key)?.spec.accessModes?.includes('ReadWriteOncePod') ?? false;
}
