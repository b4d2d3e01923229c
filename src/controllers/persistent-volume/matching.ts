// Which volume a claim gets: of those that satisfy it the one with the fewest modes, then the smallest. Pure.
// Source: pkg/controller/volume/persistentvolume/index.go, component-helpers storage/volume FindMatchingVolume

import { storageClassOf } from '../../api/kinds/storage-rules.ts';
import { matchesLabels, selectorFromObject } from '../../api/label-selector.ts';
import { matchesNodeSelector } from '../../api/node-affinity.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../api/objects.ts';
import { compareQuantities, parseQuantity, type Quantity, zeroQuantity } from '../../api/quantity.ts';

export const classOfClaim = ({ metadata, spec }: PersistentVolumeClaim): string =>
  storageClassOf(metadata.annotations, spec.storageClassName);

const classOfVolume = ({ metadata, spec }: PersistentVolume): string =>
  storageClassOf(metadata.annotations, spec.storageClassName);

/** Reserved for the claim, by name and, where it says one, by uid. */
export function isReservedFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec;
  if (claimRef?.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

/** What keeps the claim from having the volume that it names, in upstream's words. */
export function mismatchOf(claim: PersistentVolumeClaim, volume: PersistentVolume): string | undefined {
  if (compareQuantities(sizeOf(volume), requestOf(claim)) < 0) return 'requested PV is too small';
  if (classOfVolume(volume) !== classOfClaim(claim)) return 'storageClassName does not match';
  if (!hasSameMode(claim, volume)) return 'incompatible volumeMode';
  return hasModes(claim, volume) ? undefined : 'incompatible accessMode';
}

export interface Wanted {
  claim: PersistentVolumeClaim;
  /** Its first pod is not placed yet: only a volume that was reserved for it will do. */
  isDelayed: boolean;
  /** Where its first pod goes, when that is known. */
  node: Node | undefined;
}

export function findVolume(
  { claim, isDelayed, node }: Wanted,
  volumes: readonly PersistentVolume[],
): PersistentVolume | undefined {
  const fits = (volume: PersistentVolume) =>
    !volume.metadata.deletionTimestamp &&
    hasSameMode(claim, volume) &&
    hasModes(claim, volume) &&
    compareQuantities(sizeOf(volume), requestOf(claim)) >= 0;
  const fitting = volumes.filter(fits);
  const reserved = fitting.find((volume) => isReservedFor(volume, claim));
  if (reserved || isDelayed) return reserved;
  const isFree = (volume: PersistentVolume) => volume.status?.phase === 'Available' && !volume.spec.claimRef;
  const isWanted = (volume: PersistentVolume) =>
    isFree(volume) &&
    classOfVolume(volume) === classOfClaim(claim) &&
    isSelected(claim, volume) &&
    (!node || matchesNodeSelector(volume.spec.nodeAffinity?.required, node));
  return fitting.filter(isWanted).sort(byModesThenSize)[0];
}

function isSelected({ spec }: PersistentVolumeClaim, { metadata }: PersistentVolume): boolean {
  if (!spec.selector) return true;
  const selector = selectorFromObject(spec.selector);
  return selector !== undefined && matchesLabels(selector, metadata.labels);
}

function byModesThenSize(a: PersistentVolume, b: PersistentVolume): number {
  const modes = (a.spec.accessModes?.length ?? 0) - (b.spec.accessModes?.length ?? 0);
  return modes || compareQuantities(sizeOf(a), sizeOf(b)) || (a.metadata.name < b.metadata.name ? -1 : 1);
}

const quantity = (text: string | undefined): Quantity =>
  text === undefined ? zeroQuantity : parseQuantity(text);
const sizeOf = ({ spec }: PersistentVolume) => quantity(spec.capacity?.storage);
const requestOf = ({ spec }: PersistentVolumeClaim) => quantity(spec.resources?.requests?.storage);

const hasSameMode = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (claim.spec.volumeMode ?? 'Filesystem') === (volume.spec.volumeMode ?? 'Filesystem');

const hasModes = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode));
