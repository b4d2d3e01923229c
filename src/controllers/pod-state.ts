// Questions about pods that several controllers ask.
import { findCondition, isConditionTrue } from '../api/conditions.ts';
import type { KubeObject, meta, Pod } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';

/** By how much the clocks of boards that are set may differ. */
const CLOCK_SLACK_MS = 60_000;

/** Neither ended nor being deleted: counts as a replica. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !pod.metadata.deletionTimestamp;
}

/** Being deleted, and not ended yet. */
export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isFinished(pod);
}

export function isReady(pod: Pod): boolean {
  return isConditionTrue(pod.status?.conditions, 'Ready');
}

/** Since when the pod is ready, in milliseconds; `undefined` while it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  const condition = findCondition(pod.status?.conditions, 'Ready');
  if (condition?.status !== 'True') return undefined;
  return condition.lastTransitionTime ? Date.parse(condition.lastTransitionTime) : 0;
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  return availableInMs(pod, minReadySeconds, nowMs) === 0;
}

/** 0 for one that is available, `undefined` for one that is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  const since = readySinceMs(pod);
  if (since === undefined) return undefined;
  // Ready in the future: its board's clock or ours was wrong, and nobody waits for years.
  if (minReadySeconds === 0 || since > nowMs + CLOCK_SLACK_MS) return 0;
  return Math.max(0, since + minReadySeconds * 1000 - nowMs);
}

export function controllerOf(object: KubeObject): meta.OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller);
}
