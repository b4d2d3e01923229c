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

/** Why a board will not do: a volume is bound elsewhere, none can be had there, or the bound one is gone. */
export type ClaimProblem = 'conflict' | 'unbound' | 'missing';

/** What is still to be done for the claims; of no use where there are problems. */
export interface ClaimPlan {
  choices: readonly VolumeChoice[];
  problems: ReadonlySet<ClaimProblem>;
}

const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export function planClaims(pod: Pod, node: Node, storage: StorageView): ClaimPlan {
  const claims = claimKeysOf(pod).map((key) => storage.claim(key));
  const present = claims.filter((claim) => claim !== undefined);
  const problems = new Set<ClaimProblem>(present.length < claims.length ? ['unbound'] : []);
  for (const claim of present.filter(isBound)) {
    const volume = storage.volume(claim.spec.volumeName ?? '');
    if (!volume) problems.add('missing');
    else if (!isReachable(volume, node)) problems.add('conflict');
  }
  const choices: VolumeChoice[] = [];
  for (const claim of present.filter((found) => !isBound(found))) {
    const taken = choices.flatMap(({ volume }) => volume?.metadata.name ?? []);
    const volume = bestVolume(claim, node, storage, taken);
    if (!volume && !canBeMade(claim, node, storage)) problems.add('unbound');
    choices.push({ claim, ...(volume ? { volume } : {}) });
  }
  return { choices, problems };
}

/** A volume that says nothing of boards is reachable from all. */
function isReachable({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec.nodeAffinity?.required;
  return !required || matchesNodeSelector(required, node);
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
