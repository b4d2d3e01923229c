// The volume of a pod's claim, among those that the master has sent. ReadWriteOncePod is kept here too: also a pod that
// no scheduler placed waits for the one that has the volume.
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
import { keyOf, type PersistentVolume, type Pod } from '../../api/objects.ts';
import { claimKeysOf } from '../../api/pod-claims.ts';
import { isFinished } from '../../api/pod-phase.ts';
import type { DesiredState } from '../ports.ts';
import { ConfigError } from './config-error.ts';

/** @throws ConfigError while the claim has no volume, or when another pod has it for itself alone. */
export function claimedVolume(claimName: string, pod: Pod, state: DesiredState): PersistentVolume {
  const key = `${pod.metadata.namespace}/${claimName}`;
  // One that is being removed may have been a namesake's.
  const isIts = ({ spec: { claimRef }, status }: PersistentVolume) =>
    status?.phase === 'Bound' && `${claimRef?.namespace}/${claimRef?.name}` === key;
  const volume = [...state.volumes.values()].find(isIts);
  if (!volume)
    throw new ConfigError(
      `persistentvolumeclaim "${claimName}" is not bound to a volume yet, or its volume is in use on another node`,
      'FailedMount',
    );
  const isAlone = volume.spec.accessModes?.includes('ReadWriteOncePod');
  const other = isAlone && [...state.pods.values()].find((other) => comesFirst(other, pod, key));
  if (!other) return volume;
  const why = `uses the ReadWriteOncePod access mode and is already in use by pod ${keyOf(other)}`;
  throw new ConfigError(`volume "${volume.metadata.name}" ${why}`, 'FailedMount');
}

function comesFirst(other: Pod, pod: Pod, claimKey: string): boolean {
  if (other.metadata.uid === pod.metadata.uid || isFinished(other)) return false;
  return claimKeysOf(other).includes(claimKey) && rank(other) < rank(pod);
}

const rank = ({ metadata }: Pod): string => `${metadata.creationTimestamp} ${metadata.uid}`;
