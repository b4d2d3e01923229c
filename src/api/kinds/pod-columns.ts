// What `kubectl get pods` shows: the one-word summary of a pod's state, its restarts and its place.
// Source: pkg/printers/internalversion/printers.go printPod
import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts';
import { findCondition, isConditionTrue } from '../conditions.ts';
import { age } from '../duration.ts';
import type { core, Pod } from '../objects.ts';
import { isFinished } from '../pod-phase.ts';
import type { Column } from '../scheme.ts';

interface Summary {
  reason: string;
  ready: number;
  total: number;
  restarts: number;
  /** RFC 3339 of the newest end of an earlier run; `''` when there is none. */
  lastRestart: string;
}

class RestartCount {
  count = 0;
  last = '';

  add(status: core.ContainerStatus): void {
    this.count += status.restartCount ?? 0;
    const finished = status.lastState?.terminated?.finishedAt ?? '';
    if (finished > this.last) this.last = finished;
  }
}

function terminatedReason(state: core.ContainerStateTerminated): string {
  if (state.reason) return state.reason;
  return state.signal ? `Signal:${state.signal}` : `ExitCode:${state.exitCode}`;
}

/** Why initialisation stands at this container; `undefined` when this one is done. */
function initReason(status: core.ContainerStatus, sidecar: boolean, progress: string): string | undefined {
  const { terminated, waiting } = status.state ?? {};
  if (terminated?.exitCode === 0) return undefined;
  if (sidecar && status.started) return undefined;
  if (terminated) return `Init:${terminatedReason(terminated)}`;
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
  return `Init:${progress}`;
}

function summarizeInit(pod: Pod, summary: Summary): { initializing: boolean; sidecars: RestartCount } {
  const containers = pod.spec.initContainers ?? [];
  const isSidecar = (name: string) => containers.some((c) => c.name === name && c.restartPolicy === 'Always');
  summary.total += containers.filter((c) => c.restartPolicy === 'Always').length;
  const all = new RestartCount();
  const sidecars = new RestartCount();
  let initializing = false;
  for (const [i, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecar(status.name);
    all.add(status);
    if (sidecar) sidecars.add(status);
    const reason = initReason(status, sidecar, `${i}/${containers.length}`);
    if (reason === undefined) {
      if (sidecar && status.ready && !status.state?.terminated) summary.ready += 1;
      continue;
    }
    summary.reason = reason;
    initializing = true;
    break;
  }
  summary.restarts = all.count;
  summary.lastRestart = all.last;
  return { initializing, sidecars };
}

/** The first container with something to say wins, so they are read from the last to the first. */
function summarizeContainers(pod: Pod, summary: Summary, counted: RestartCount): void {
  let hasRunning = false;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    counted.add(status);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) summary.reason = waiting.reason;
    else if (terminated) summary.reason = terminatedReason(terminated);
    else if (status.ready && running) {
      hasRunning = true;
      summary.ready += 1;
    }
  }
  summary.restarts = counted.count;
  summary.lastRestart = counted.last;
  if (summary.reason === 'Completed' && hasRunning) {
    summary.reason = isConditionTrue(pod.status?.conditions, 'Ready') ? 'Running' : 'NotReady';
  }
}

function deletionReason(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  return isFinished(pod) ? undefined : 'Terminating';
}

function summarize(pod: Pod): Summary {
  const status = pod.status;
  const gated = findCondition(status?.conditions, 'PodScheduled')?.reason === 'SchedulingGated';
  const summary: Summary = {
    reason: gated ? 'SchedulingGated' : status?.reason || status?.phase || 'Unknown',
    ready: 0,
    total: pod.spec.containers.length,
    restarts: 0,
    lastRestart: '',
  };
  const { initializing, sidecars } = summarizeInit(pod, summary);
  if (!initializing || isConditionTrue(status?.conditions, 'Initialized')) {
    summarizeContainers(pod, summary, sidecars);
  }
  summary.reason = deletionReason(pod) ?? summary.reason;
  return summary;
}

/** The word in the STATUS column, such as `Running`, `CrashLoopBackOff`, `Init:0/1`, `Terminating`. */
export function podStatusText(pod: Pod): string {
  return summarize(pod).reason;
}

function restartsText(pod: Pod, nowMs: number): string {
  const { restarts, lastRestart } = summarize(pod);
  return restarts > 0 && lastRestart ? `${restarts} (${age(lastRestart, nowMs)} ago)` : `${restarts}`;
}

function readyText(pod: Pod): string {
  const { ready, total } = summarize(pod);
  return `${ready}/${total}`;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const met = gates.filter((gate) => isConditionTrue(pod.status?.conditions, gate.conditionType));
  return `${met.length}/${gates.length}`;
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  column('Ready', 'The aggregate readiness state of this pod for accepting traffic.', readyText),
  column('Status', 'The aggregate status of the containers in this pod.', podStatusText),
  column('Restarts', 'The number of times the containers in this pod have been restarted.', restartsText),
  ageColumn,
  wideColumn(
    'IP',
    'Address of the pod.',
    (pod) => pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || '<none>',
  ),
  wideColumn('Node', 'The node that the pod runs on.', (pod) => pod.spec.nodeName || '<none>'),
  wideColumn(
    'Nominated Node',
    'The node where the pod will run once others have made room.',
    (pod) => pod.status?.nominatedNodeName || '<none>',
  ),
  wideColumn('Readiness Gates', 'How many of the extra readiness conditions hold.', readinessGates),
];
