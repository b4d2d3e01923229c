// Whose a claim of a StatefulSet is, by its retention policy: nobody's, the set's, so that it goes with the set, or the
// pod's that is scaled away, so that it goes with the pod. Pure.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
import type { meta, PersistentVolumeClaim, Pod, StatefulSet } from '../api/objects.ts';
import { controllerReference } from './claims.ts';
import { podNameOf } from './stateful-pod.ts';

/** The owners that the claim of `pod` should have; `undefined` when it has them, or belongs to somebody else. */
export function ownersToSet(
  set: StatefulSet,
  pod: Pod,
  isScaledAway: boolean,
  { metadata }: PersistentVolumeClaim,
): meta.OwnerReference[] | undefined {
  const present = metadata.ownerReferences ?? [];
  // By name: one of an earlier pod of that ordinal is over, too.
  const isOurs = ({ uid, kind, name }: meta.OwnerReference) =>
    uid === set.metadata.uid || (kind === 'Pod' && name === pod.metadata.name);
  const others = present.filter((reference) => !isOurs(reference));
  if (others.some(({ controller }) => controller)) return undefined;
  const wanted = ownerOf(set, pod, isScaledAway);
  const owners = wanted ? [...others, wanted] : others;
  return uidsOf(owners) === uidsOf(present) ? undefined : owners;
}

/** While the ordinal has no pod: whether its claim belongs to the last one, so that the garbage collector takes it. */
export function goesWithFormerPod(
  set: StatefulSet,
  ordinal: number,
  { metadata }: PersistentVolumeClaim,
): boolean {
  const name = podNameOf(set, ordinal);
  const isOfPod = (reference: meta.OwnerReference) => reference.kind === 'Pod' && reference.name === name;
  const { whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  return whenScaled === 'Delete' && (metadata.ownerReferences ?? []).some(isOfPod);
}

function ownerOf(set: StatefulSet, pod: Pod, isScaledAway: boolean): meta.OwnerReference | undefined {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  // The list that pods come from leaves out what they are.
  const owner = { ...pod, apiVersion: 'v1', kind: 'Pod' };
  if (isScaledAway && whenScaled === 'Delete') return controllerReference(owner);
  return whenDeleted === 'Delete' ? controllerReference(set) : undefined;
}

const uidsOf = (references: readonly meta.OwnerReference[]): string =>
  references.map(({ uid }) => uid).join();
