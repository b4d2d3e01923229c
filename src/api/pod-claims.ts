// Which claims a pod uses, by name or as its own ephemeral volume.
// https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
import type { core, Pod } from './objects.ts';

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
