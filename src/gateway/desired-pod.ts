// A pod as its board needs it.
import type { BoardPod } from '../api/board-pod.ts';
import type { core, Pod, RuntimeClass } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { withoutManagedFields } from './without-managed-fields.ts';

/**
 * Without what changes with every report of the board itself: a status write must not come back as a change.
 * A finished pod keeps its phase, so that a board that lost its memory does not run it again; and the conditions
 * of its readiness gates, which others write. `runtimeClass` is the one that it names, where that is there.
 */
export function desiredPod(pod: Pod, runtimeClass?: RuntimeClass): BoardPod {
  const { status: _reported, metadata, ...rest } = withoutManagedFields(pod);
  // The revision travels beside the pod, in the envelope.
  const withoutRevision = { ...metadata, resourceVersion: '' };
  const kept = keptStatus(pod);
  return {
    ...rest,
    metadata: withoutRevision,
    ...(Object.keys(kept).length > 0 ? { status: kept } : {}),
    ...(runtimeClass ? { runtimeHandler: runtimeClass.handler } : {}),
  };
}

function keptStatus(pod: Pod): core.PodStatus {
  const { phase, reason, message, conditions = [] } = pod.status ?? {};
  const gates = new Set(pod.spec.readinessGates?.map((gate) => gate.conditionType));
  const awaited = conditions.filter(({ type }) => gates.has(type));
  return {
    ...(isFinished(pod) ? { phase, ...(reason && { reason }), ...(message && { message }) } : {}),
    ...(awaited.length > 0 ? { conditions: awaited } : {}),
  };
}
