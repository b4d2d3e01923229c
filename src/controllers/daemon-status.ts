// The status that a DaemonSet shows: a pure function of it and its boards.
// Source: pkg/controller/daemon/daemon_controller.go updateDaemonSetStatus
import type { apps, DaemonSet } from '../api/objects.ts';
import type { Board } from './daemon-boards.ts';
import { isAvailable, isReady } from './pod-state.ts';
import { REVISION_LABEL } from './template-revision.ts';

/** `hash` is that of the present revision. */
export function daemonStatus(
  daemonSet: DaemonSet,
  boards: readonly Board[],
  hash: string,
  nowMs: number,
): apps.DaemonSetStatus {
  const minReadySeconds = daemonSet.spec.minReadySeconds ?? 0;
  const wanted = boards.filter(({ shouldRun }) => shouldRun);
  const firsts = wanted.flatMap(({ pods }) => pods.slice(0, 1));
  const available = wanted.filter(({ pods }) =>
    pods.some((pod) => isAvailable(pod, minReadySeconds, nowMs)),
  ).length;
  return {
    currentNumberScheduled: firsts.length,
    numberMisscheduled: boards.filter(({ shouldRun, pods }) => !shouldRun && pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: wanted.filter(({ pods }) => pods.some(isReady)).length,
    observedGeneration: daemonSet.metadata.generation ?? 0,
    updatedNumberScheduled: wanted.filter(({ pods }) =>
      pods.some(({ metadata }) => metadata.labels?.[REVISION_LABEL] === hash),
    ).length,
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
  };
}

export function sameDaemonStatus(a: apps.DaemonSetStatus | undefined, b: apps.DaemonSetStatus): boolean {
  const fields = Object.keys(b) as (keyof apps.DaemonSetStatus)[];
  return fields.every((field) => (a?.[field] ?? 0) === b[field]) && a !== undefined;
}
