// A ReadWriteOnce claim stays with the board whose pod has it, also while that pod is on its way out or its board out
// of reach: two boards must never write to one volume. Pods of the same board may share it.
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
import type { Pod } from '../../api/objects.ts';
import { claimKeysOf } from '../../api/pod-claims.ts';
import type { World } from '../world.ts';
import { type Filter, forGood } from './filter.ts';

const REASON = "node(s) couldn't attach a ReadWriteOnce volume in use on another node";

export const volumeAttachment: Filter = {
  name: 'VolumeRestrictions',
  prepare: ({ pod }, world) => {
    const exclusive = claimKeysOf(pod).filter((key) => isForOneBoard(world, key));
    if (exclusive.length === 0) return undefined;
    const matches = (other: Pod) => claimKeysOf(other).some((key) => exclusive.includes(key));
    const holders = world.counts({ key: `attaches ${exclusive.join(' ')}`, matches });
    // More than one holder is somebody else's doing, and none of them is refused.
    const isElsewhere = (name: string) => holders.size > 0 && !holders.has(name);
    return ({ node }) => (isElsewhere(node.metadata.name) ? forGood(REASON) : undefined);
  },
};

/** A claim that is gone, or says nothing, is taken for the strictest that boards share. */
function isForOneBoard({ storage }: World, key: string): boolean {
  const modes = storage.claim(key)?.spec.accessModes ?? [];
  return !modes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
}
