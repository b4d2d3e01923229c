// Pods that wait for storage: one whose claim is missing, or should have a volume without asking for a board first, is
// given no board. Source: pkg/scheduler/framework/plugins/volumebinding PreFilter
import type { PersistentVolumeClaim, Pod } from '../api/objects.ts';
import { claimNameOf, foreignClaim } from '../api/pod-claims.ts';
import type { StorageView } from './world.ts';

/** Why the pod has to wait whatever the board, in upstream's words. */
export function claimProblem(pod: Pod, storage: StorageView): string | undefined {
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimNameOf(pod, volume);
    const problem = name && problemOf(pod, { name, isOwn: volume.ephemeral !== undefined }, storage);
    if (problem) return problem;
  }
  return undefined;
}

function problemOf(
  pod: Pod,
  { name, isOwn }: { name: string; isOwn: boolean },
  storage: StorageView,
): string | undefined {
  const claim = storage.claim(`${pod.metadata.namespace}/${name}`);
  const quoted = `persistentvolumeclaim "${name}"`;
  if (!claim)
    return isOwn ? `waiting for ephemeral volume controller to create the ${quoted}` : `${quoted} not found`;
  if (claim.status?.phase === 'Lost')
    return `${quoted} bound to non-existent persistentvolume "${claim.spec.volumeName}"`;
  if (claim.metadata.deletionTimestamp) return `${quoted} is being deleted`;
  if (isOwn && foreignClaim(pod, claim)) return foreignClaim(pod, claim);
  if (isBound(claim) || waitsForConsumer(claim, storage)) return undefined;
  return 'pod has unbound immediate PersistentVolumeClaims';
}

export function isBound({ spec, status }: PersistentVolumeClaim): boolean {
  return Boolean(spec.volumeName) && status?.phase === 'Bound';
}

/** One that names its volume itself is bound at once, whatever its class. */
function waitsForConsumer({ spec }: PersistentVolumeClaim, { storageClass }: StorageView): boolean {
  if (spec.volumeName) return false;
  return storageClass(spec.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
}
