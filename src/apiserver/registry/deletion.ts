// DELETE, decided purely: what becomes of an object when it is asked to go, and when it may leave the store.
// https://kubernetes.io/docs/concepts/architecture/garbage-collection/

import { type KubeObject, type ObjectMeta, timestamp } from '../../api/objects.ts';
import type { KindDefinition } from '../../api/scheme.ts';
import type { DeleteOptions } from '../../client/client.ts';
import type { Writable } from './prepare.ts';
import type { Strategy } from './strategy.ts';

type Propagation = NonNullable<DeleteOptions['propagationPolicy']>;

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

interface DeletionOutcome {
  /** A private copy, marked as being deleted. */
  next: KubeObject;
  /** It leaves the store now. */
  gone: boolean;
}

/** `current` is left as it is. */
export function decideDeletion(
  kind: KindDefinition,
  strategy: Strategy,
  current: KubeObject,
  options: DeleteOptions,
  nowMs: number,
): DeletionOutcome {
  strategy.checkDelete?.(current);
  const next = structuredClone(current);
  setPropagation(kind, next, options.propagationPolicy);
  const graceSeconds = strategy.gracePeriodSeconds?.(current, options.gracePeriodSeconds) ?? 0;
  markDeleted(next, graceSeconds, nowMs);
  strategy.prepareForDelete?.(next);
  return { next, gone: isReadyToGo(strategy, next) };
}

/** Being deleted, its grace over, and nobody holds it any more. */
export function isReadyToGo(strategy: Strategy, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (deletionGracePeriodSeconds ?? 0) > 0) return false;
  return (finalizers ?? []).length === 0 && !(strategy.isHeld?.(object) ?? false);
}

/** A second delete may only shorten what the first one granted. */
function markDeleted(next: KubeObject, graceSeconds: number, nowMs: number): void {
  const metadata: Writable<ObjectMeta> = next.metadata;
  const granted = metadata.deletionGracePeriodSeconds;
  if (metadata.deletionTimestamp !== undefined && (granted ?? 0) <= graceSeconds) return;
  const startMs =
    metadata.deletionTimestamp === undefined
      ? nowMs
      : Date.parse(metadata.deletionTimestamp) - (granted ?? 0) * 1000;
  metadata.deletionTimestamp = timestamp(Math.max(startMs + graceSeconds * 1000, nowMs));
  metadata.deletionGracePeriodSeconds = graceSeconds;
  if (metadata.generation !== undefined) metadata.generation += 1;
}

function setPropagation(kind: KindDefinition, next: KubeObject, asked: Propagation | undefined): void {
  const finalizers = next.metadata.finalizers ?? [];
  const standing = finalizers.includes(ORPHAN) || finalizers.includes(FOREGROUND);
  if (asked === undefined && standing) return;
  const policy = asked ?? kind.defaultPropagation ?? 'Background';
  const kept = finalizers.filter((name) => name !== ORPHAN && name !== FOREGROUND);
  if (policy === 'Orphan') kept.push(ORPHAN);
  if (policy === 'Foreground') kept.push(FOREGROUND);
  if (kept.length > 0) next.metadata.finalizers = kept;
  else delete next.metadata.finalizers;
}
