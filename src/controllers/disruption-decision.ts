// What a PodDisruptionBudget allows right now: a pure function of it, its pods and how many there should be.
// https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
import { allowedConditions, withBudgetCondition } from '../api/budget-conditions.ts';
import { amountOf } from '../api/int-or-percent.ts';
import type { Pod, PodDisruptionBudget, policy } from '../api/objects.ts';
import { isReady } from './pod-state.ts';

/** Upstream's: an eviction that was granted and did not come to be within this time counts no more. */
const DELETION_TIMEOUT_MS = 120_000;

export type BudgetStatus = policy.PodDisruptionBudgetStatus;

export interface BudgetDecision {
  status: BudgetStatus;
  /** Pods whose granted eviction never came. */
  notDeleted: readonly Pod[];
  /** When the next granted eviction is given up. */
  lookAgainInMs?: number;
}

/** Percentages and maxUnavailable need to know how many pods there should be, not only how many there are. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';
}

/** `scale`: pods that their owners ask for in all; read only where {@link needsScale}. */
export function decideBudget(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: number,
  nowMs: number,
): BudgetDecision {
  const { expectedPods, desiredHealthy } = expectations(budget, pods.length, scale);
  const granted = grantedEvictions(budget, pods, nowMs);
  const going = new Set(granted.kept.keys());
  const currentHealthy = pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && !going.has(pod.metadata.name) && isReady(pod),
  ).length;
  const disruptionsAllowed = expectedPods > 0 ? Math.max(currentHealthy - desiredHealthy, 0) : 0;
  const dueMs = Math.min(
    ...[...granted.kept.values()].map((at) => Date.parse(at) + DELETION_TIMEOUT_MS - nowMs),
  );
  const observedGeneration = budget.metadata.generation ?? 0;
  return {
    status: {
      ...(granted.kept.size > 0 ? { disruptedPods: Object.fromEntries(granted.kept) } : {}),
      currentHealthy,
      desiredHealthy,
      expectedPods,
      disruptionsAllowed,
      observedGeneration,
      conditions: allowedConditions(budget.status, disruptionsAllowed, observedGeneration, nowMs),
    },
    notDeleted: granted.late,
    ...(Number.isFinite(dueMs) ? { lookAgainInMs: Math.max(dueMs, 0) } : {}),
  };
}

/** Nothing is allowed while it cannot be said what may be; as upstream, its present form does not count as seen. */
export function failedStatus(budget: PodDisruptionBudget, message: string, nowMs: number): BudgetStatus {
  const condition = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message } as const;
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = budget.status ?? {};
  const observedGeneration = budget.status?.observedGeneration ?? 0;
  return {
    ...budget.status,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed: 0,
    observedGeneration,
    conditions: withBudgetCondition(budget.status, { ...condition, observedGeneration }, nowMs),
  };
}

export function sameBudgetStatus(a: BudgetStatus | undefined, b: BudgetStatus): boolean {
  const facts = (status: BudgetStatus | undefined) =>
    JSON.stringify([
      status?.currentHealthy,
      status?.desiredHealthy,
      status?.expectedPods,
      status?.disruptionsAllowed,
      status?.observedGeneration,
      Object.entries(status?.disruptedPods ?? {}).sort(),
      (status?.conditions ?? []).map(({ type, status: s, reason, message }) => [type, s, reason, message]),
    ]);
  return facts(a) === facts(b);
}

/** As upstream: shares are rounded up, towards more that must stay and more that may be gone. */
function expectations({ spec }: PodDisruptionBudget, count: number, scale: number) {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    const gone = amountOf(maxUnavailable, scale, Math.ceil);
    return { expectedPods: scale, desiredHealthy: Math.max(scale - gone, 0) };
  }
  if (typeof minAvailable === 'string') {
    return { expectedPods: scale, desiredHealthy: amountOf(minAvailable, scale, Math.ceil) };
  }
  return { expectedPods: count, desiredHealthy: minAvailable ?? 0 };
}

/** Pods whose eviction was granted a short while ago and that do not show it yet. */
function grantedEvictions({ status }: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const kept = new Map<string, string>();
  const late: Pod[] = [];
  for (const pod of pods) {
    const at = status?.disruptedPods?.[pod.metadata.name];
    if (at === undefined || pod.metadata.deletionTimestamp) continue;
    if (Date.parse(at) + DELETION_TIMEOUT_MS > nowMs) kept.set(pod.metadata.name, at);
    else late.push(pod);
  }
  return { kept, late };
}
