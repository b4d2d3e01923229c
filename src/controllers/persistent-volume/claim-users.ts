// Which claims a pod uses, by name or as its own ephemeral volume.
// https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
import type { Pod } from '../../api/objects.ts';

/** `namespace/name` of each. */
export function claimKeysOf({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim: claim, ephemeral }) => {
    if (claim) return `${metadata.namespace}/${claim.claimName}`;
    return ephemeral ? `${metadata.namespace}/${metadata.name}-${name}` : [];
  });
}
