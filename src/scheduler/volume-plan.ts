// How each claim of a pod would get its volume on one board: it has one that is reachable there, a free one there is
// taken, or one is made there. Source: pkg/scheduler/framework/plugins/volumebinding FindPodVolumes

import { matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import { matchesNodeSelector } from '../api/node-affinity.ts';
import {
  keyOf,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from '../api/objects.ts';
import { claimKeysOf } from '../api/pod-claims.ts';
import { compareQuantities, tryParseQuantity } from '../api/quantity.ts';
import { isBound } from './claims.ts';
import type { StorageView } from './world.ts';

export interface VolumeChoice {
  claim: PersistentVolumeClaim;
  /** `undefined` = to be made by the class's provisioner. */
  volume?: PersistentVolume;
}

/** What is still to be done for the claims, or why the board will not do. */
export type ClaimPlan = VolumeChoice[] | 'conflict' | 'unbound';

const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export function planClaims(pod: Pod, node: Node, storage: StorageView): ClaimPlan {
  const choices: VolumeChoice[] = [];
  for (const key of claimKeysOf(pod)) {
    const claim = storage.claim(key);
    if (!claim) return 'unbound';
    if (isBound(claim)) {
      if (!isReachable(storage.volume(claim.spec.volumeName ?? ''), node)) return 'conflict';
      continue;
    }
    const taken = choices.flatMap(({ volume }) => volume?.metadata.name ?? []);
    const volume = bestVolume(claim, node, storage, taken);
    if (!volume && !canBeMade(claim, node, storage)) return 'unbound';
    choices.push({ claim, ...(volume ? { volume } : {}) });
  }
  return choices;
}

/** A volume that says nothing of boards is reachable from all; one that is missing from none. */
function isReachable(volume: PersistentVolume | undefined, node: Node): boolean {
  const required = volume?.spec.nodeAffinity?.required;
  return volume !== undefined && (!required || matchesNodeSelector(required, node));
}

/** The smallest that is large enough, as upstream. */
function bestVolume(
  claim: PersistentVolumeClaim,
  node: Node,
  storage: StorageView,
  taken: readonly string[],
): PersistentVolume | undefined {
  const isFree = ({ metadata, spec, status }: PersistentVolume) => {
    const holder = spec.claimRef
      ? `${spec.claimRef.namespace}/${spec.claimRef.name}`
      : storage.chosenFor(metadata.name);
    return holder === undefined ? status?.phase === 'Available' : holder === keyOf(claim);
  };
  return storage
    .volumes()
    .filter((volume) => !taken.includes(volume.metadata.name) && isFree(volume))
    .filter((volume) => suits(volume, claim) && isReachable(volume, node))
    .sort((a, b) => compareQuantities(capacityOf(a), capacityOf(b)))[0];
}

function suits({ metadata, spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const wanted = claim.spec;
  const selector = wanted.selector && selectorFromObject(wanted.selector);
  const request = tryParseQuantity(wanted.resources?.requests?.storage ?? '0');
  return (
    !metadata.deletionTimestamp &&
    (spec.storageClassName ?? '') === (wanted.storageClassName ?? '') &&
    (spec.volumeMode ?? 'Filesystem') === (wanted.volumeMode ?? 'Filesystem') &&
    (wanted.accessModes ?? []).every((mode) => (spec.accessModes ?? []).includes(mode)) &&
    (!selector || matchesLabels(selector, metadata.labels)) &&
    (!request || compareQuantities(capacityOf({ spec }), request) >= 0)
  );
}

function capacityOf({ spec }: Pick<PersistentVolume, 'spec'>) {
  return tryParseQuantity(spec.capacity?.storage ?? '0') ?? ZERO;
}

const ZERO = tryParseQuantity('0') as NonNullable<ReturnType<typeof tryParseQuantity>>;

function canBeMade({ spec }: PersistentVolumeClaim, node: Node, { storageClass }: StorageView): boolean {
  const made = storageClass(spec.storageClassName ?? '');
  if (!made?.provisioner || made.provisioner === NO_PROVISIONER || spec.selector) return false;
  const allowed = made.allowedTopologies ?? [];
  if (allowed.length === 0) return true;
  return allowed.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(node.metadata.labels?.[key] ?? '')),
  );
}
