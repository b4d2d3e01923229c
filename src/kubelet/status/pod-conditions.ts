// The conditions of a pod. Pure; the time of the last flip comes from the record, so it survives the agent.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions
import { observing } from '../../api/conditions.ts';
import { type core, type Pod, timestamp } from '../../api/objects.ts';
import type { ConditionRecord, PodRecord } from '../records/pod-record.ts';
import { isInitialized, type PodPhase } from './pod-phase.ts';

export interface Finding {
  type: string;
  status: 'True' | 'False';
  reason?: string;
  message?: string;
}

export interface ContainerStatuses {
  init: core.ContainerStatus[];
  /** Those of `init` that stay. */
  sidecars: core.ContainerStatus[];
  main: core.ContainerStatus[];
}

export function podConditions(
  pod: Pod,
  record: PodRecord,
  phase: PodPhase,
  statuses: ContainerStatuses,
  more: readonly Finding[],
): core.PodCondition[] {
  const scheduled = pod.status?.conditions?.find((c) => c.type === 'PodScheduled');
  const findings = [
    sandboxFinding(record, phase),
    initializedFinding(pod, record, phase, statuses.init),
    ...readinessFindings(pod, phase, [...statuses.sidecars, ...statuses.main]),
    { type: 'PodScheduled', status: 'True' } as const,
    ...disruptionFinding(record),
    ...more,
  ];
  return findings.map((finding) => {
    if (finding.type === 'PodScheduled' && scheduled) return { ...scheduled, ...observing(pod) };
    const lastTransitionTime = record.conditions[finding.type]?.since ?? record.startTime;
    return { ...finding, ...observing(pod), lastTransitionTime };
  });
}

/** The record with the times of conditions that flipped, and without those that are over; the same record when none did. */
export function withConditions(
  record: PodRecord,
  conditions: readonly core.PodCondition[],
  nowMs: number,
): PodRecord {
  const changed: Record<string, ConditionRecord> = {};
  for (const { type, status } of conditions) {
    if (record.conditions[type]?.status === status) continue;
    changed[type] = { status: status as ConditionRecord['status'], since: timestamp(nowMs) };
  }
  const types = new Set(conditions.map(({ type }) => type));
  const kept = Object.entries(record.conditions).filter(([type]) => types.has(type));
  const isSame = kept.length === Object.keys(record.conditions).length && Object.keys(changed).length === 0;
  return isSame ? record : { ...record, conditions: { ...Object.fromEntries(kept), ...changed } };
}

/** https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions */
function disruptionFinding({ finishedFor }: PodRecord): Finding[] {
  if (!finishedFor?.isDisruption) return [];
  const { message } = finishedFor;
  return [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message }];
}

function sandboxFinding(record: PodRecord, phase: PodPhase): Finding {
  const isThere = record.sandboxAttempt >= 0 && phase !== 'Succeeded' && phase !== 'Failed';
  return { type: 'PodReadyToStartContainers', status: isThere ? 'True' : 'False' };
}

function initializedFinding(
  pod: Pod,
  record: PodRecord,
  phase: PodPhase,
  init: core.ContainerStatus[],
): Finding {
  if (phase === 'Succeeded') return { type: 'Initialized', status: 'True', reason: 'PodCompleted' };
  if (isInitialized(pod, record)) return { type: 'Initialized', status: 'True' };
  const names = init.filter((s) => !s.ready).map((s) => s.name);
  return {
    type: 'Initialized',
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${names.join(' ')}]`,
  };
}

/** `staying`: of all containers that run as long as the pod does. */
function readinessFindings(pod: Pod, phase: PodPhase, staying: core.ContainerStatus[]): Finding[] {
  const types = ['Ready', 'ContainersReady'];
  if (phase === 'Succeeded') return types.map((type) => ({ type, status: 'False', reason: 'PodCompleted' }));
  if (phase === 'Failed') return types.map((type) => ({ type, status: 'False', reason: 'PodFailed' }));
  const names = staying.filter((s) => !s.ready).map((s) => s.name);
  if (names.length === 0) return [readyByGates(pod), { type: 'ContainersReady', status: 'True' }];
  const message = `containers with unready status: [${names.join(' ')}]`;
  return types.map((type) => ({ type, status: 'False', reason: 'ContainersNotReady', message }));
}

/**
 * Others than the board may have a say.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate
 */
function readyByGates(pod: Pod): Finding {
  const problems = (pod.spec.readinessGates ?? []).flatMap(({ conditionType: type }) => {
    const found = pod.status?.conditions?.find((c) => c.type === type);
    if (!found) return [`corresponding condition of pod readiness gate "${type}" does not exist.`];
    if (found.status === 'True') return [];
    return [`the status of pod readiness gate "${type}" is not "True", but ${found.status}`];
  });
  if (problems.length === 0) return { type: 'Ready', status: 'True' };
  const message = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: `${message}` };
}
