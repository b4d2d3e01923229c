// Which claims a pod uses, by name or as its own ephemeral volume.
// https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
import { type core, keyOf, type PersistentVolumeClaim, type Pod } from './objects.ts';

/** In the pod's namespace; `undefined` for a volume that is no claim. */
export function claimNameOf({ metadata }: Pod, volume: core.Volume): string | undefined {
  const { name, persistentVolumeClaim: claim, ephemeral } = volume;
  return claim?.claimName ?? (ephemeral && `${metadata.name}-${name}`);
}

/** `namespace/name` of each. */
export function claimKeysOf(pod: Pod): string[] {
  const names = (pod.spec.volumes ?? []).map((volume) => claimNameOf(pod, volume));
  return names.flatMap((name) => (name === undefined ? [] : `${pod.metadata.namespace}/${name}`));
}

/** Those that are made from a template in the pod's own spec. */
export function ephemeralVolumesOf({ spec }: Pod): core.Volume[] {
  return (spec.volumes ?? []).filter(({ ephemeral }) => ephemeral !== undefined);
}

/** Why a claim of the right name is not the pod's own: somebody else made it, and its data is theirs. */
export function foreignClaim(pod: Pod, claim: PersistentVolumeClaim): string | undefined {
  const owner = claim.metadata.ownerReferences?.find(({ controller }) => controller);
  if (owner?.uid === pod.metadata.uid) return undefined;
  return `PVC ${keyOf(claim)} was not created for pod ${keyOf(pod)} (pod is not owner)`;
}
