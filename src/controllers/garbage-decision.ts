// What becomes of one object, given what is known of its owners and dependents: pure, as upstream's
// attemptToDeleteItem decides. https://kubernetes.io/docs/concepts/architecture/garbage-collection/
import type { KubeObject, meta } from '../api/objects.ts';
import type { DeleteOptions } from '../client/client.ts';

export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

/** `unknown`: of a kind or in a place where it cannot be looked up, so nothing may follow from it. */
export type OwnerState = 'present' | 'absent' | 'unknown' | 'waitingForDependents';

export interface Owner {
  reference: meta.OwnerReference;
  state: OwnerState;
}

export type Garbage =
  | { action: 'keep' }
  /** Some owners are there, others are not: only the reference goes. */
  | { action: 'dropReferences'; uids: string[] }
  | { action: 'delete'; policy: NonNullable<DeleteOptions['propagationPolicy']>; unblock: boolean };

interface Dependents {
  any: boolean;
  /** One of them waits for its own dependents: a ring, if this object is among them. */
  anyWaiting: boolean;
}

export function decideGarbage(object: KubeObject, owners: readonly Owner[], dependents: Dependents): Garbage {
  const isGoing = object.metadata.deletionTimestamp !== undefined;
  if (owners.length === 0 || (isGoing && !isWaitingForDependents(object))) return { action: 'keep' };
  const lost = owners.filter(({ state }) => state === 'absent');
  const waiting = owners.filter(({ state }) => state === 'waitingForDependents');
  const gone = [...lost, ...waiting].map(({ reference }) => reference.uid);
  const isHeld = owners.some(({ state }) => state === 'present' || state === 'unknown');
  if (isHeld) return gone.length === 0 ? { action: 'keep' } : { action: 'dropReferences', uids: gone };
  if (isGoing) return unblockRing(waiting, dependents);
  if (waiting.length > 0 && dependents.any) {
    return { action: 'delete', policy: 'Foreground', unblock: dependents.anyWaiting };
  }
  return { action: 'delete', policy: policyOf(object), unblock: false };
}

/** In a ring of owners that all wait for each other, one must stop holding up the others. */
function unblockRing(waiting: readonly Owner[], dependents: Dependents): Garbage {
  const blocks = waiting.some(({ reference }) => reference.blockOwnerDeletion);
  return blocks && dependents.anyWaiting
    ? { action: 'delete', policy: 'Foreground', unblock: true }
    : { action: 'keep' };
}

/** A deletion that was asked for with a finalizer keeps its meaning. */
function policyOf({ metadata }: KubeObject): NonNullable<DeleteOptions['propagationPolicy']> {
  if (metadata.finalizers?.includes(ORPHAN_FINALIZER)) return 'Orphan';
  return metadata.finalizers?.includes(FOREGROUND_FINALIZER) ? 'Foreground' : 'Background';
}

export function isWaitingForDependents({ metadata }: KubeObject): boolean {
  return Boolean(metadata.deletionTimestamp && metadata.finalizers?.includes(FOREGROUND_FINALIZER));
}

export function isOrphaning({ metadata }: KubeObject): boolean {
  return Boolean(metadata.deletionTimestamp && metadata.finalizers?.includes(ORPHAN_FINALIZER));
}

/** Whether the owner has to wait for this dependent. */
export function blocks(dependent: KubeObject, ownerUid: string): boolean {
  const references = dependent.metadata.ownerReferences ?? [];
  return references.some(({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion);
}
