// The next steps of a StatefulSet: a pure function of its pods. In order unless it is Parallel: a pod is made when
// those before it are healthy, and goes when those after it are gone. A name is used again only once the pod that
// had it is gone, so that no ordinal ever runs twice.
// Source: pkg/controller/statefulset/stateful_set_control.go updateStatefulSet
import type { Pod, StatefulSet } from '../api/objects.ts';
import { isFinished } from '../api/pod-phase.ts';
import { rollOut } from './stateful-update.ts';
import { isGoing, isHealthy, type StatefulPods, statefulPods } from './stateful-world.ts';

/** Names of ControllerRevisions. */
export interface Revisions {
  /** What runs, until every pod has the new one. */
  current: string;
  /** That of the present template. */
  update: string;
}

export interface StatefulDecision {
  create: { ordinal: number; revision: string }[];
  /** Ended, and to be made anew under the same name. */
  ended: Pod[];
  /** Scaled away, or to be replaced by the new revision. */
  remove: Pod[];
}

export function decideStateful(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  nowMs: number,
): StatefulDecision {
  const decision: StatefulDecision = { create: [], ended: [], remove: [] };
  const world = statefulPods(set, pods);
  const isOrdered = set.spec.podManagementPolicy !== 'Parallel';
  const isUp = (pod: Pod | undefined) => isHealthy(set, pod, nowMs);
  const isFilled = fill(set, world, revisions, decision, { isOrdered, isUp });
  if (isOrdered && !isFilled) return decision;
  const isShrunk = shrink(world, decision, { isOrdered, isUp });
  if (isOrdered && !isShrunk) return decision;
  decision.remove.push(...rollOut(set, world, revisions.update, isUp));
  return decision;
}

interface Order {
  isOrdered: boolean;
  isUp: (pod: Pod | undefined) => boolean;
}

/** Whether every ordinal has its healthy pod; in order, the first that has not is the only one to be cared for. */
function fill(
  set: StatefulSet,
  { slots, moreMissing }: StatefulPods,
  revisions: Revisions,
  { create, ended }: StatefulDecision,
  { isOrdered, isUp }: Order,
): boolean {
  const lacking = slots.filter(({ pod }) => !isUp(pod));
  for (const { ordinal, pod } of isOrdered ? lacking.slice(0, 1) : lacking) {
    if (!pod) create.push({ ordinal, revision: revisionFor(set, ordinal, revisions) });
    else if (isFinished(pod) && !isGoing(pod)) ended.push(pod);
  }
  return lacking.length + moreMissing === 0;
}

/** Below the partition a pod that is lost comes back as it was. */
function revisionFor({ spec }: StatefulSet, ordinal: number, { current, update }: Revisions): string {
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  const kept = (spec.ordinals?.start ?? 0) + (rollingUpdate?.partition ?? 0);
  return type === 'RollingUpdate' && ordinal < kept ? current : update;
}

/** Whether nothing is left to go. In order, one that is not healthy holds up all but itself. */
function shrink(
  { condemned }: StatefulPods,
  { remove }: StatefulDecision,
  { isOrdered, isUp }: Order,
): boolean {
  const staying = condemned.filter((pod) => !isGoing(pod));
  const ended = staying.filter(isFinished);
  if (!isOrdered) remove.push(...staying);
  // They run nothing, so there is no order to keep; upstream waits for them to get ready, which they never do.
  else if (ended.length > 0) remove.push(...ended);
  else if (staying.length === condemned.length) {
    const [highest] = staying;
    const lowestUnhealthy = staying.findLast((pod) => !isUp(pod));
    if (highest && (isUp(highest) || highest === lowestUnhealthy)) remove.push(highest);
  }
  return condemned.length === 0;
}
