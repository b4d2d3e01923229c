// The condition DisruptionAllowed of a PodDisruptionBudget: kept by its controller, and by the eviction that takes the
// last of what it allows.
import { withCondition } from './conditions.ts';
import type { Condition, policy } from './objects.ts';

type Status = policy.PodDisruptionBudgetStatus;
type BudgetConditions = NonNullable<Status['conditions']>;

/** What people read of `disruptionsAllowed`. Source: k8s.io/component-helpers/apps/poddisruptionbudget */
export function allowedConditions(
  status: Status | undefined,
  disruptionsAllowed: number,
  observedGeneration: number,
  nowMs: number,
): BudgetConditions {
  const isAllowed = disruptionsAllowed > 0;
  const condition = {
    type: 'DisruptionAllowed',
    status: isAllowed ? 'True' : 'False',
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration,
  } as const;
  return withBudgetCondition(status, condition, nowMs);
}

export function withBudgetCondition(
  status: Status | undefined,
  condition: Condition & { observedGeneration: number },
  nowMs: number,
): BudgetConditions {
  return withCondition(status?.conditions as Condition[] | undefined, condition, nowMs) as BudgetConditions;
}
