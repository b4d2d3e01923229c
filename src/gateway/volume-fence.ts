// A volume that one board at a time may write is told to one board at a time: that of the oldest pod that uses it. A
// pod whose board is out of reach keeps it until the board has spoken or a person has used force. Pure.
// https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
import type { PersistentVolume, Pod } from '../api/objects.ts';
import { claimKeysOf } from '../api/pod-claims.ts';
import { isFinished } from '../api/pod-phase.ts';

const SHARED = ['ReadWriteMany', 'ReadOnlyMany'];

/** `pods` are those of the claim's namespace. */
export function isHeldElsewhere(volume: PersistentVolume, node: string, pods: Iterable<Pod>): boolean {
  const { claimRef, accessModes = [] } = volume.spec;
  if (accessModes.some((mode) => SHARED.includes(mode))) return false;
  const key = `${claimRef?.namespace}/${claimRef?.name}`;
  const users = [...pods].filter(
    (pod) => pod.spec.nodeName && !isFinished(pod) && claimKeysOf(pod).includes(key),
  );
  const holder = users.sort((a, b) => (age(a) < age(b) ? -1 : 1))[0];
  return holder !== undefined && holder.spec.nodeName !== node;
}

const age = ({ metadata }: Pod): string => `${metadata.creationTimestamp} ${metadata.uid}`;
