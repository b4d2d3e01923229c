// Pods that wait for storage: one whose claim is missing or has no volume yet is given no board.
// Source: pkg/scheduler/framework/plugins/volumebinding PreFilter
import type { PersistentVolumeClaim, Pod } from '../api/objects.ts';

/** Why the pod has to wait, in upstream's words; `undefined` when all its claims are bound. */
export function claimProblem(
  { metadata, spec }: Pod,
  claimOf: (key: string) => PersistentVolumeClaim | undefined,
): string | undefined {
  const names = (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []);
  for (const name of names) {
    const claim = claimOf(`${metadata.namespace}/${name}`);
    if (!claim) return `persistentvolumeclaim "${name}" not found`;
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    if (!isBound(claim)) return 'pod has unbound immediate PersistentVolumeClaims';
  }
  return undefined;
}

export function isBound({ spec, status }: PersistentVolumeClaim): boolean {
  return Boolean(spec.volumeName) && status?.phase === 'Bound';
}
