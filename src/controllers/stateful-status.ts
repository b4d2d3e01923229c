// The status that a StatefulSet shows: a pure function of it, its pods and its revisions.
// Source: pkg/controller/statefulset/stateful_set_control.go updateStatus, completeRollingUpdate
import type { apps, Pod, StatefulSet } from '../api/objects.ts';
import { isAvailable } from './pod-state.ts';
import type { Revisions } from './stateful-decision.ts';
import { isGoing, isRunningReady, revisionOf } from './stateful-world.ts';

export function statefulStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  { current, update }: Revisions,
  nowMs: number,
): apps.StatefulSetStatus {
  const staying = pods.filter((pod) => !isGoing(pod));
  const ready = pods.filter(isRunningReady);
  const updated = staying.filter((pod) => revisionOf(pod) === update).length;
  const isRolledOut =
    set.spec.updateStrategy?.type === 'RollingUpdate' &&
    updated === pods.length &&
    ready.length === pods.length;
  const running = isRolledOut ? update : current;
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)).length,
    currentReplicas: staying.filter((pod) => revisionOf(pod) === running).length,
    updatedReplicas: updated,
    currentRevision: running,
    updateRevision: update,
    collisionCount: 0,
  };
}

export function sameStatefulStatus(
  a: apps.StatefulSetStatus | undefined,
  b: apps.StatefulSetStatus,
): boolean {
  const fields = Object.keys(b) as (keyof apps.StatefulSetStatus)[];
  return a !== undefined && fields.every((field) => (a[field] ?? 0) === b[field]);
}
