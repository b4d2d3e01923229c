// Conditions of a status: a list keyed by type, whose lastTransitionTime moves only when the status flips.
import { type Condition, type KubeObject, timestamp } from './objects.ts';

export function findCondition<C extends { type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** True when the condition is there and its status is `True`. */
export function isConditionTrue(
  conditions: readonly { type: string; status: string }[] | undefined,
  type: string,
): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * A new list in which `condition` stands in its type's place (or at the end). lastTransitionTime is kept while
 * the status stays, else it is `condition.lastTransitionTime` or now. The given list is left as it is.
 */
export function withCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  condition: C,
  nowMs: number,
): C[] {
  const list = conditions ?? [];
  const previous = findCondition(list, condition.type);
  const kept = previous?.status === condition.status ? previous.lastTransitionTime : undefined;
  const next = {
    ...condition,
    lastTransitionTime: kept ?? condition.lastTransitionTime ?? timestamp(nowMs),
  };
  return previous ? list.map((c) => (c === previous ? next : c)) : [...list, next];
}

/** Same as far as a reader cares: heartbeat and transition times aside. */
export function sameCondition(a: Condition | undefined, b: Condition | undefined): boolean {
  return (
    a?.type === b?.type && a?.status === b?.status && a?.reason === b?.reason && a?.message === b?.message
  );
}

/** For the conditions of a pod: which generation of it was looked at. Upstream since 1.33. */
export const observing = ({ metadata: { generation } }: KubeObject): { observedGeneration?: number } =>
  generation === undefined ? {} : { observedGeneration: generation };

/** Of a condition; the package of types is older than the field. */
export const observedBy = (condition: object | undefined): number | undefined =>
  (condition as { observedGeneration?: number } | undefined)?.observedGeneration;
