// The history of a Deployment: which of its ReplicaSets is the newest, what each says of itself in annotations,
// and which old ones are forgotten. kubectl's `rollout history` and `rollout undo` read these annotations.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-back-a-deployment
import type { Deployment, ReplicaSet } from '../api/objects.ts';
import type { NewObject } from '../client/client.ts';
import { controllerReference } from './claims.ts';
import { historyLimit, olderFirst, rolloutLimits, sizeOf } from './deployment-limits.ts';
import { HASH_LABEL, sameTemplate, templateHash } from './pod-template-hash.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
/** Stands for the former field `spec.rollbackTo`. */
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';
/** What belongs to one object alone; every other annotation of the Deployment is copied. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  ROLLBACK_TO,
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);
/** Upstream's limit of the list of former revisions. */
const MAX_HISTORY_CHARS = 2000;

/** A Deployment and the ReplicaSets that it owns. */
export interface Rollout {
  deployment: Deployment;
  /** The one whose template is the Deployment's; `undefined` until it is made. */
  newSet: ReplicaSet | undefined;
  oldSets: readonly ReplicaSet[];
}

type Annotations = Record<string, string>;

/** Of several with the same template the oldest is the new one. */
export function rolloutOf(deployment: Deployment, owned: readonly ReplicaSet[]): Rollout {
  const sets = owned.toSorted(olderFirst);
  const newSet = sets.find(({ spec }) => sameTemplate(spec.template, deployment.spec.template));
  return { deployment, newSet, oldSets: sets.filter((set) => set !== newSet) };
}

export function allSets({ newSet, oldSets }: Rollout): ReplicaSet[] {
  return newSet ? [...oldSets, newSet] : [...oldSets];
}

/** Upstream keeps revisions in 64 bits: people restore, and tests write, some beyond what a number holds exactly. */
const MAX_REVISION = 2n ** 63n - 1n;

/** 0 for one without a revision that upstream could read. */
export function revisionOf(set: ReplicaSet): bigint {
  const text = set.metadata.annotations?.[REVISION] ?? '';
  const revision = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  return revision > MAX_REVISION ? 0n : revision;
}

const nextRevision = (oldSets: readonly ReplicaSet[]) =>
  oldSets.map(revisionOf).reduce((highest, revision) => (revision > highest ? revision : highest), 0n) + 1n;

/** The ReplicaSet of the Deployment's present template, of `replicas` pods. */
export function replicaSetFor({ deployment, oldSets }: Rollout, replicas: number): NewObject<ReplicaSet> {
  const { metadata, spec, status } = deployment;
  const hash = templateHash(spec.template, status?.collisionCount);
  const labels = { ...spec.template?.metadata?.labels, [HASH_LABEL]: hash };
  const template = structuredClone(spec.template ?? {});
  const annotations = { ...copiedAnnotations(deployment), [REVISION]: String(nextRevision(oldSets)) };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace ?? 'default',
      labels,
      annotations: { ...annotations, ...replicasAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(spec.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
      selector: { ...spec.selector, matchLabels: { ...spec.selector?.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/**
 * The new ReplicaSet as it should say of itself, or `undefined` when it does. Going back makes an old one the newest.
 */
export function refreshedNewSet({ deployment, newSet, oldSets }: Rollout): ReplicaSet | undefined {
  if (!newSet) return undefined;
  const present = newSet.metadata.annotations ?? {};
  const next = nextRevision(oldSets);
  const annotations = {
    ...present,
    ...copiedAnnotations(deployment),
    ...(revisionOf(newSet) < next ? promoted(present, next) : {}),
  };
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const isSame = Object.entries(annotations).every(([key, value]) => present[key] === value);
  if (isSame && (newSet.spec.minReadySeconds ?? 0) === minReadySeconds) return undefined;
  return {
    ...newSet,
    metadata: { ...newSet.metadata, annotations },
    spec: { ...newSet.spec, minReadySeconds },
  };
}

/** What tells, once the Deployment's number changed, from which one each ReplicaSet was sized. */
export function replicasAnnotations(deployment: Deployment): Annotations {
  const { desired, maxSurge } = rolloutLimits(deployment);
  return { [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(desired + maxSurge) };
}

/** Old ReplicaSets beyond the limit, lowest revisions first; of these only such as are empty and seen to be. */
export function forgottenSets({ deployment, oldSets }: Rollout): ReplicaSet[] {
  const limit = historyLimit(deployment);
  if (limit === undefined) return [];
  const kept = oldSets.filter(({ metadata }) => !metadata.deletionTimestamp);
  const surplus = Math.max(0, kept.length - limit);
  return kept
    .toSorted((a, b) => Number(revisionOf(a) - revisionOf(b)) || olderFirst(a, b))
    .slice(0, surplus)
    .filter(isEmpty);
}

function isEmpty(set: ReplicaSet): boolean {
  const isSeen = (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0);
  return sizeOf(set) === 0 && (set.status?.replicas ?? 0) === 0 && isSeen;
}

/** The Deployment with what people noted on it while `set` was the newest. */
export function withAnnotationsOf(deployment: Deployment, set: ReplicaSet): Deployment {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => notCopied.has(key));
  const annotations = { ...Object.fromEntries(own), ...copiedAnnotations(set) };
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}

function copiedAnnotations({ metadata }: Deployment | ReplicaSet): Annotations {
  return Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key)),
  );
}

function promoted(present: Annotations, revision: bigint): Annotations {
  const former = present[REVISION];
  if (former === undefined) return { [REVISION]: String(revision) };
  const revisions = [...(present[REVISION_HISTORY]?.split(',') ?? []), former].filter((text) => text !== '');
  while (revisions.length > 1 && revisions.join().length > MAX_HISTORY_CHARS) revisions.shift();
  return { [REVISION]: String(revision), [REVISION_HISTORY]: revisions.join() };
}
