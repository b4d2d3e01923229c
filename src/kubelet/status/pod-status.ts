// A pod's whole status as the master stores it. Pure: (pod, record, waiting, board's addresses) → status.
import type { core, Pod } from '../../api/objects.ts';
import { isFinished } from '../../api/pod-phase.ts';
import { RESIZE_IN_PROGRESS, RESIZE_PENDING } from '../../api/pod-resize.ts';
import { qosClass } from '../../api/qos-class.ts';
import { isResized } from '../pods/allocation.ts';
import type { Waiting } from '../pods/pod-actions.ts';
import { ephemeralContainersOf } from '../pods/pod-entry.ts';
import { isSidecar } from '../pods/restart-policy.ts';
import type { PodRecord } from '../records/pod-record.ts';
import { containerStatus } from './container-status.ts';
import { type Finding, podConditions, withConditions } from './pod-conditions.ts';
import { isInitialized, type PodPhase, podPhase } from './pod-phase.ts';

export interface PodStatusInput {
  pod: Pod;
  record: PodRecord;
  waiting: ReadonlyMap<string, Waiting>;
  /** Why a resize that the spec asks for is not granted. */
  resizePending: { reason: string; message: string } | undefined;
  /** By container: why one has not got what it was granted. */
  resizeFailures: ReadonlyMap<string, { message: string }>;
  hostAddresses: readonly string[];
  nowMs: number;
}

/** The status, and the record that remembers when its conditions flipped. */
export function podStatus(input: PodStatusInput): { status: core.PodStatus; record: PodRecord } {
  const { pod, hostAddresses, nowMs } = input;
  const phase = podPhase(pod, input.record);
  const statuses = containerStatuses(input);
  const resize = isFinished({ status: { phase } }) ? [] : resizeFindings(input);
  const found = podConditions(pod, input.record, phase, statuses, resize);
  const record = withConditions(input.record, found, nowMs);
  const { generation } = pod.metadata;
  const status: core.PodStatus = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    ...endedFor(phase, record),
    conditions: podConditions(pod, record, phase, statuses, resize),
    ...addresses(pod, record, hostAddresses),
    startTime: record.startTime,
    ...(record.finishedFor?.isRejection ? {} : ofContainers(statuses)),
    qosClass: pod.status?.qosClass ?? qosClass(pod.spec),
  };
  return { status, record };
}

/** https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/#pod-resize-status */
function resizeFindings({ record, resizePending, resizeFailures }: PodStatusInput): Finding[] {
  const found: Finding[] = [];
  if (resizePending) found.push({ type: RESIZE_PENDING, status: 'True', ...resizePending });
  if (isResized(record)) return found;
  const [failure] = resizeFailures.values();
  const why = failure ? { reason: 'Error', message: failure.message } : {};
  return [...found, { type: RESIZE_IN_PROGRESS, status: 'True', ...why }];
}

/** Of a pod that the board, or somebody else before, has ended. */
function endedFor(phase: PodPhase, { finishedFor }: PodRecord): Partial<core.PodStatus> {
  if (!finishedFor || phase !== 'Failed') return {};
  const { reason, message } = finishedFor;
  return { reason, message };
}

/** A pod that was rejected has none, so that tools show why instead of a container that waits. */
function ofContainers({
  init,
  main,
  ephemeral,
}: ReturnType<typeof containerStatuses>): Partial<core.PodStatus> {
  return {
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: main,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
  };
}

function containerStatuses({ pod, record, waiting }: PodStatusInput) {
  const view = (container: core.Container, isInit: boolean, initialReason: string) =>
    containerStatus({
      container,
      record: record.containers[container.name],
      allocated: record.allocated?.[container.name],
      waiting: waiting.get(container.name),
      isInit,
      isSidecar: isSidecar(pod.spec, container),
      initialReason,
    });
  const inits = pod.spec.initContainers ?? [];
  const reason = isInitialized(pod, record) ? 'ContainerCreating' : 'PodInitializing';
  const init = inits.map((c) => view(c, true, 'PodInitializing'));
  return {
    init,
    sidecars: init.filter((_, index) => inits[index] && isSidecar(pod.spec, inits[index])),
    main: pod.spec.containers.map((c) => view(c, false, reason)),
    ephemeral: ephemeralContainersOf(pod).map((c) => ephemeral(view(c, false, 'ContainerCreating'))),
  };
}

/** Nobody waits for one to be ready. */
function ephemeral(status: core.ContainerStatus): core.ContainerStatus {
  return { ...status, ready: false, started: false };
}

function addresses(pod: Pod, record: PodRecord, hostAddresses: readonly string[]): Partial<core.PodStatus> {
  const [hostIP] = hostAddresses;
  const own = [record.podIP, record.podIPv6].filter((ip) => ip !== undefined);
  const podAddresses = pod.spec.hostNetwork && record.sandboxAttempt >= 0 ? hostAddresses : own;
  const [podIP] = podAddresses;
  return {
    ...(hostIP ? { hostIP, hostIPs: hostAddresses.map((ip) => ({ ip })) } : {}),
    ...(podIP ? { podIP, podIPs: podAddresses.map((ip) => ({ ip })) } : {}),
  };
}
