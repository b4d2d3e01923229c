// Volumes that are directories of one board, and when that board removes one.
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
import type { PersistentVolume } from './objects.ts';
import { LOCAL_PATH_PROVISIONER } from './storage-marks.ts';

export const isLocalPath = ({ spec }: PersistentVolume): boolean =>
  spec.csi?.driver === LOCAL_PATH_PROVISIONER;

/** The name of its board; `undefined` for a volume of another kind. */
export function boardOfLocalPath(volume: PersistentVolume): string | undefined {
  return isLocalPath(volume) ? volume.spec.csi?.volumeAttributes?.node : undefined;
}

/** Its claim is gone and nobody asked to keep the data. */
export function isToBeRemoved(volume: PersistentVolume): boolean {
  const { spec, status } = volume;
  const isFree = status?.phase === 'Released' || status?.phase === 'Failed';
  return isLocalPath(volume) && isFree && spec.persistentVolumeReclaimPolicy === 'Delete';
}
