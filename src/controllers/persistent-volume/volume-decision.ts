// What is next for a volume: which phase it is in, and whether it is let go or removed. Pure; upstream's
// syncVolume. https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
import { isLocalPath } from '../../api/local-volume.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/objects.ts';
import { PROVISIONED_BY } from '../../api/storage-marks.ts';
import { isChosenByBinder, type Said } from './claim-decision.ts';

export type VolumeAction =
  | { do: 'setPhase'; phase: 'Available' | 'Bound' | 'Released' }
  | { do: 'fail'; said: Said }
  /** Takes back the binder's own choice; what a person reserved keeps its name and loses its uid. */
  | { do: 'unbind'; keepName: boolean }
  /** Removes a volume that was made for a claim which has got another. */
  | { do: 'delete' };

/** `claim` is the one that the volume names, if it is there. */
export function decideVolume(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim | undefined,
): VolumeAction {
  const { claimRef } = volume.spec;
  if (!claimRef?.uid) return { do: 'setPhase', phase: 'Available' };
  if (claim?.metadata.uid !== claimRef.uid) return release(volume);
  if (!claim.spec.volumeName || claim.spec.volumeName === volume.metadata.name) {
    return { do: 'setPhase', phase: 'Bound' };
  }
  const isOurs = isMadeForClaim(volume) && volume.spec.persistentVolumeReclaimPolicy === 'Delete';
  if (isOurs) return { do: 'delete' };
  return { do: 'unbind', keepName: !isChosenByBinder(volume.metadata) };
}

const isMadeForClaim = ({ metadata }: PersistentVolume): boolean =>
  metadata.annotations?.[PROVISIONED_BY] !== undefined;

/** What is Failed stays so until a person mends it, or until its board has removed it after all. */
function release(volume: PersistentVolume): VolumeAction {
  if (volume.status?.phase === 'Failed') return fail(volume.status.message ?? '');
  const { persistentVolumeReclaimPolicy: policy } = volume.spec;
  if (volume.status?.phase !== 'Released' || policy === 'Retain')
    return { do: 'setPhase', phase: 'Released' };
  if (policy === 'Recycle')
    return fail('no volume plugin matched: recycling is not offered by this cluster', 'VolumeFailedRecycle');
  // Its board removes the directory, or whoever provisioned it does.
  if (isLocalPath(volume) || isMadeForClaim(volume)) return { do: 'setPhase', phase: 'Released' };
  const why = `error getting deleter volume plugin for volume "${volume.metadata.name}": no deletable volume plugin matched`;
  return fail(why);
}

const fail = (message: string, reason = 'VolumeFailedDelete'): VolumeAction => ({
  do: 'fail',
  said: { type: 'Warning', reason, message },
});
