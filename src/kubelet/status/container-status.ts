// One container's entry in a pod's status, from its record and what the decision says it waits for. Pure.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states
import type { core } from '../../api/objects.ts';
import type { Waiting } from '../pods/pod-actions.ts';
import { isReady, isStarted } from '../probes/probe.ts';
import type { ContainerRecord, Termination } from '../records/pod-record.ts';

interface ContainerView {
  container: core.Container;
  record: ContainerRecord | undefined;
  waiting: Waiting | undefined;
  isInit: boolean;
  /** An init container that stays: it is ready and started as the pod's other containers are. */
  isSidecar: boolean;
  /** What the board has granted it of CPU and memory. */
  allocated: core.ResourceRequirements | undefined;
  /** What a container waits for that has not been made and that no decision speaks of. */
  initialReason: string;
}

export function containerStatus(view: ContainerView): core.ContainerStatus {
  const { container, record, allocated } = view;
  const isInit = view.isInit && !view.isSidecar;
  const isRunning = record !== undefined && !record.ended;
  const last = lastTermination(view);
  return {
    name: container.name,
    state: stateOf(view),
    lastState: last ? { terminated: terminated(last) } : {},
    ready: isInit ? record?.ended?.exitCode === 0 : isRunning && isReady(container, record.verdicts),
    restartCount: record?.attempt ?? 0,
    image: record?.image ?? container.image ?? '',
    imageID: record?.imageId ?? '',
    ...(record?.containerId ? { containerID: `podman://${record.containerId}` } : {}),
    ...(allocated?.requests ? { allocatedResources: allocated.requests } : {}),
    ...(isRunning && record.resources ? { resources: record.resources } : {}),
    started: isRunning && !isInit && isStarted(container, record.verdicts),
  };
}

function stateOf({ record, waiting, initialReason }: ContainerView): core.ContainerState {
  if (record && !record.ended) {
    return { running: record.startedAt ? { startedAt: seconds(record.startedAt) } : {} };
  }
  if (waiting) return { waiting: { ...waiting } };
  if (record?.ended) return { terminated: terminated(record.ended) };
  return { waiting: { reason: initialReason } };
}

function lastTermination({ record, waiting }: ContainerView): Termination | undefined {
  return waiting && record?.ended ? record.ended : record?.previous;
}

function terminated(ended: Termination): core.ContainerStateTerminated {
  return {
    exitCode: ended.exitCode,
    reason: ended.reason,
    ...(ended.message ? { message: ended.message } : {}),
    ...(ended.startedAt ? { startedAt: seconds(ended.startedAt) } : {}),
    finishedAt: seconds(ended.finishedAt),
    ...(ended.containerId ? { containerID: `podman://${ended.containerId}` } : {}),
  };
}

/** The engine's nanoseconds are not Kubernetes' `metav1.Time`. */
function seconds(time: string): string {
  return time.replace(/\.\d+/, '').replace(/\+00:00$/, 'Z');
}
