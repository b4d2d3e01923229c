// Which pods of a StatefulSet make way for its new revision now: a pure function. From the highest ordinal down to
// the partition, one at a time unless maxUnavailable allows more, and never past one that is not healthy yet.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates
import type { Pod, StatefulSet } from '../api/objects.ts';
import { isGoing, revisionOf, type StatefulPods } from './stateful-world.ts';

export function rollOut(
  { spec }: StatefulSet,
  { slots, moreMissing }: Pick<StatefulPods, 'slots' | 'moreMissing'>,
  update: string,
  isUp: (pod: Pod | undefined) => boolean,
): Pod[] {
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return [];
  const first = (spec.ordinals?.start ?? 0) + (rollingUpdate?.partition ?? 0);
  let budget = unavailableLimit(rollingUpdate?.maxUnavailable, slots.length + moreMissing) - moreMissing;
  const remove: Pod[] = [];
  for (const { ordinal, pod } of [...slots].reverse()) {
    if (budget <= 0 || ordinal < first) break;
    const isOld = pod !== undefined && revisionOf(pod) !== update && !isGoing(pod);
    if (isOld) remove.push(pod);
    if (isOld || !isUp(pod)) budget -= 1;
  }
  return remove;
}

/** Shares are rounded up, and one may always go. */
function unavailableLimit(amount: number | string | undefined, replicas: number): number {
  if (amount === undefined) return 1;
  const limit =
    typeof amount === 'number' ? amount : Math.ceil((replicas * Number.parseInt(amount, 10)) / 100);
  return Math.max(limit, 1);
}
