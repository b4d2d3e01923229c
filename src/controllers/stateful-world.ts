// The pods of a StatefulSet by ordinal, as its decisions and its status look at them.
import type { Pod, StatefulSet } from '../api/objects.ts';
import { isAvailable, isReady } from './pod-state.ts';
import { ordinalOf } from './stateful-pod.ts';
import { REVISION_LABEL } from './template-revision.ts';

export interface Slot {
  ordinal: number;
  pod: Pod | undefined;
}

/** As many as other controllers make in one look. */
const MOST_MISSING = 500;

export interface StatefulPods {
  /** Every ordinal that has a pod and should, and the lowest of those that should and have none; lowest first. */
  slots: Slot[];
  /** Further ones that have none: somebody may ask for a thousand million replicas. */
  moreMissing: number;
  /** Pods beyond them, highest ordinal first. */
  condemned: Pod[];
}

function ordinalRange({ spec }: StatefulSet): { start: number; end: number } {
  const start = spec.ordinals?.start ?? 0;
  return { start, end: start + (spec.replicas ?? 1) };
}

/** Whether the set asks for no pod of this ordinal. */
export function isScaledAway(set: StatefulSet, ordinal: number): boolean {
  const { start, end } = ordinalRange(set);
  return ordinal < start || ordinal >= end;
}

/** `pods` are the set's own; those that are going are among them until they are really gone. */
export function statefulPods(set: StatefulSet, pods: readonly Pod[]): StatefulPods {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod) ?? -1, pod]));
  const { start, end } = ordinalRange(set);
  const isWanted = (at: number) => !isScaledAway(set, at);
  const present = [...byOrdinal.keys()].filter(isWanted).length;
  const slots: Slot[] = [];
  let ordinal = start;
  for (let missing = 0; ordinal < end && missing < MOST_MISSING; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    slots.push({ ordinal, pod });
    if (!pod) missing += 1;
  }
  const above = [...byOrdinal].filter(([at]) => isWanted(at) && at >= ordinal).sort(([a], [b]) => a - b);
  slots.push(...above.map(([at, pod]) => ({ ordinal: at, pod })));
  const listedMissing = slots.length - present;
  const condemned = [...byOrdinal]
    .filter(([at]) => at >= 0 && !isWanted(at))
    .sort(([a], [b]) => b - a)
    .map(([, pod]) => pod);
  return { slots, moreMissing: end - start - present - listedMissing, condemned };
}

export const revisionOf = ({ metadata }: Pod) => metadata.labels?.[REVISION_LABEL] ?? '';
export const isGoing = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined;
export const isRunningReady = (pod: Pod) => pod.status?.phase === 'Running' && isReady(pod);

/** Does its work, has done so for minReadySeconds, and is here to stay. */
export function isHealthy(set: StatefulSet, pod: Pod | undefined, nowMs: number): boolean {
  if (!pod || isGoing(pod) || !isRunningReady(pod)) return false;
  return isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
}
