// The pods of a StatefulSet by ordinal, as its decisions and its status look at them.
import type { Pod, StatefulSet } from '../api/objects.ts';
import { isAvailable, isReady } from './pod-state.ts';
import { ordinalOf } from './stateful-pod.ts';
import { REVISION_LABEL } from './template-revision.ts';

export interface Slot {
  ordinal: number;
  pod: Pod | undefined;
}

export interface StatefulPods {
  /** Every ordinal that should have a pod, lowest first. */
  slots: Slot[];
  /** Pods beyond them, highest ordinal first. */
  condemned: Pod[];
}

/** `pods` are the set's own; those that are going are among them until they are really gone. */
export function statefulPods(set: StatefulSet, pods: readonly Pod[]): StatefulPods {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod) ?? -1, pod]));
  const start = set.spec.ordinals?.start ?? 0;
  const end = start + (set.spec.replicas ?? 1);
  const slots: Slot[] = [];
  for (let ordinal = start; ordinal < end; ordinal++) slots.push({ ordinal, pod: byOrdinal.get(ordinal) });
  const condemned = [...byOrdinal]
    .filter(([ordinal]) => ordinal >= 0 && (ordinal < start || ordinal >= end))
    .sort(([a], [b]) => b - a)
    .map(([, pod]) => pod);
  return { slots, condemned };
}

export const revisionOf = ({ metadata }: Pod) => metadata.labels?.[REVISION_LABEL] ?? '';
export const isGoing = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined;
export const isRunningReady = (pod: Pod) => pod.status?.phase === 'Running' && isReady(pod);

/** Does its work, has done so for minReadySeconds, and is here to stay. */
export function isHealthy(set: StatefulSet, pod: Pod | undefined, nowMs: number): boolean {
  if (!pod || isGoing(pod) || !isRunningReady(pod)) return false;
  return isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
}
