// Pods that wait for storage: one whose claim is missing, or should have a volume without asking for a board first, is
// given no board. Source: pkg/scheduler/framework/plugins/volumebinding PreFilter
import type { PersistentVolumeClaim, Pod } from '../api/objects.ts';
import type { StorageView } from './world.ts';

/** `namespace/name` of every claim that the pod mounts; those made from its own template are named after it. */
export function claimKeys({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claim = persistentVolumeClaim?.claimName ?? (ephemeral && `${metadata.name}-${name}`);
    return claim ? [`${metadata.namespace}/${claim}`] : [];
  });
}

/** Why the pod has to wait whatever the board, in upstream's words. */
export function claimProblem(pod: Pod, storage: StorageView): string | undefined {
  for (const key of claimKeys(pod)) {
    const claim = storage.claim(key);
    const name = key.slice(key.indexOf('/') + 1);
    if (!claim) return `persistentvolumeclaim "${name}" not found`;
    if (claim.status?.phase === 'Lost')
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}"`;
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    if (!isBound(claim) && !waitsForConsumer(claim, storage)) {
      return 'pod has unbound immediate PersistentVolumeClaims';
    }
  }
  return undefined;
}

export function isBound({ spec, status }: PersistentVolumeClaim): boolean {
  return Boolean(spec.volumeName) && status?.phase === 'Bound';
}

/** One that names its volume itself is bound at once, whatever its class. */
function waitsForConsumer({ spec }: PersistentVolumeClaim, { storageClass }: StorageView): boolean {
  if (spec.volumeName) return false;
  return storageClass(spec.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
}
