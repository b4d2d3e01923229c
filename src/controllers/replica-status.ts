// The status that a ReplicationController or ReplicaSet shows: a pure function of it, its pods and the last failure.
import { withCondition } from '../api/conditions.ts';
import { matchesSelectorMap } from '../api/label-selector.ts';
import type { Condition, core, Pod } from '../api/objects.ts';
import { isAvailable, isReady } from './pod-state.ts';
import type { ReplicaOwner } from './replica-owner.ts';

export interface ReplicaFailure {
  reason: 'FailedCreate' | 'FailedDelete';
  message: string;
}

/** Of either kind; a ReplicationController does not count what is terminating. */
export type ReplicaStatus = core.ReplicationControllerStatus & { terminatingReplicas?: number };

/** The pods of an owner that its status is about. */
export interface CountedPods {
  /** Those that count. */
  active: readonly Pod[];
  /** How many are being deleted and have not ended; left out where the kind does not show it. */
  terminating?: number;
}

/** The result equals the present status in all when nothing changed. */
export function replicaStatus(
  owner: ReplicaOwner,
  { active, terminating }: CountedPods,
  failure: ReplicaFailure | undefined,
  nowMs: number,
): ReplicaStatus {
  const minReadySeconds = owner.spec.minReadySeconds ?? 0;
  const templateLabels = owner.spec.template?.metadata?.labels ?? {};
  const conditions = conditionsWith(owner.status?.conditions, failure, nowMs);
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((p) => matchesSelectorMap(templateLabels, p.metadata.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    observedGeneration: owner.metadata.generation ?? 0,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

export function sameReplicaStatus(a: ReplicaStatus | undefined, b: ReplicaStatus): boolean {
  const facts = (status: ReplicaStatus | undefined) =>
    JSON.stringify([
      status?.replicas,
      status?.fullyLabeledReplicas ?? 0,
      status?.readyReplicas ?? 0,
      status?.availableReplicas ?? 0,
      status?.terminatingReplicas ?? 0,
      status?.observedGeneration,
      (status?.conditions ?? []).map(({ type, status: s, reason, message }) => [type, s, reason, message]),
    ]);
  return facts(a) === facts(b);
}

function conditionsWith(
  present: readonly core.ReplicationControllerCondition[] | undefined,
  failure: ReplicaFailure | undefined,
  nowMs: number,
): core.ReplicationControllerCondition[] {
  if (!failure) return (present ?? []).filter(({ type }) => type !== 'ReplicaFailure');
  const known = present?.find(({ type }) => type === 'ReplicaFailure');
  // As upstream: messages name pods that never were, so each try would differ, be written, and cause the next one.
  if (present && known?.status === 'True' && known.reason === failure.reason) return [...present];
  const condition = { type: 'ReplicaFailure', status: 'True', ...failure };
  return withCondition(
    (present ?? []) as Condition[],
    condition,
    nowMs,
  ) as core.ReplicationControllerCondition[];
}
