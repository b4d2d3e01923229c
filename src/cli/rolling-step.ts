// The next step of a rolling update between two ReplicationControllers: pure. One pod more at a time, one pod less at
// a time, never fewer available than were asked for. As kubectl's did up to 1.17 (maxSurge 1, maxUnavailable 0).
import { findCondition } from '../api/conditions.ts';
import type { Pod } from '../api/objects.ts';

export interface RollingState {
  oldReplicas: number;
  newReplicas: number;
  /** How many the new one shall have in the end. */
  desired: number;
  oldAvailable: number;
  newAvailable: number;
  /** Never fewer than this are available by our doing. */
  keep: number;
}

export type RollingStep =
  | { do: 'scale-new'; to: number }
  | { do: 'scale-old'; to: number }
  /** Pods have to become available first. */
  | { do: 'wait' }
  | { do: 'finish' };

const SURGE = 1;

export function nextStep(state: RollingState): RollingStep {
  const { oldReplicas, newReplicas, desired, newAvailable } = state;
  if (newReplicas === desired && oldReplicas === 0) {
    return newAvailable >= desired ? { do: 'finish' } : { do: 'wait' };
  }
  const room = oldReplicas === 0 ? desired - newReplicas : desired + SURGE - oldReplicas - newReplicas;
  if (newReplicas < desired && room > 0) {
    return { do: 'scale-new', to: Math.min(newReplicas + Math.min(room, SURGE), desired) };
  }
  if (newReplicas > desired) return { do: 'scale-new', to: desired };
  return shrink(state);
}

/** Pods of the old one that are not available count for nothing, so they go first and freely. */
function shrink({ oldReplicas, oldAvailable, newAvailable, keep }: RollingState): RollingStep {
  if (oldReplicas === 0) return { do: 'wait' };
  const idle = Math.max(oldReplicas - oldAvailable, 0);
  const spare = oldAvailable + newAvailable - keep;
  if (spare <= 0 && idle === 0) return { do: 'wait' };
  // A controller takes its unavailable pods first, so shrinking by one costs an available one only when none is idle.
  return { do: 'scale-old', to: oldReplicas - 1 };
}

/** How many pods stay and have been ready for `minReadySeconds`. */
export function availableCount(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number {
  return pods.filter(({ metadata, status }) => {
    const ready = findCondition(status?.conditions, 'Ready');
    if (metadata.deletionTimestamp || ready?.status !== 'True') return false;
    return (
      minReadySeconds === 0 || nowMs - Date.parse(ready.lastTransitionTime ?? '') >= minReadySeconds * 1000
    );
  }).length;
}
