// Which taints a board's state calls for: a pure function of the Node.
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
import { findCondition } from '../api/conditions.ts';
import { type core, type Node, timestamp } from '../api/objects.ts';
import { NOT_READY_TAINT, UNREACHABLE_TAINT, UNSCHEDULABLE_TAINT } from '../api/taints.ts';

const effects = ['NoSchedule', 'NoExecute'] as const;
const lifecycleKeys: readonly string[] = [NOT_READY_TAINT, UNREACHABLE_TAINT];

/** `undefined` for a board that has only just been written down: nothing is known to be wrong with it. */
export function readiness(node: Node): 'True' | 'False' | 'Unknown' | undefined {
  return findCondition(node.status?.conditions, 'Ready')?.status as 'True' | 'False' | 'Unknown' | undefined;
}

/** Whether the board can be counted on right now. */
export function isNodeReady(node: Node): boolean {
  return readiness(node) === 'True';
}

/** The node's taints as they should be, or `undefined` when they are so already. */
export function taintsFor(node: Node, nowMs: number): core.Taint[] | undefined {
  const present = node.spec.taints ?? [];
  const wanted = wantedTaints(node);
  const isWanted = (taint: core.Taint) =>
    wanted.some((w) => w.key === taint.key && w.effect === taint.effect);
  const isOurs = (taint: core.Taint) =>
    lifecycleKeys.includes(taint.key) || taint.key === UNSCHEDULABLE_TAINT;
  const kept = present.filter((taint) => !isOurs(taint) || isWanted(taint));
  const has = (w: Pick<core.Taint, 'key' | 'effect'>) =>
    kept.some((taint) => taint.key === w.key && taint.effect === w.effect);
  const added = wanted.filter((w) => !has(w)).map((w) => ({ ...w, timeAdded: timestamp(nowMs) }));
  return added.length === 0 && kept.length === present.length ? undefined : [...kept, ...added];
}

/** Set by the board's state and not by a person. */
export function isLifecycleTaint(taint: core.Taint): boolean {
  return lifecycleKeys.includes(taint.key);
}

function wantedTaints(node: Node): Pick<core.Taint, 'key' | 'effect'>[] {
  const ready = readiness(node);
  const key = ready === 'False' ? NOT_READY_TAINT : UNREACHABLE_TAINT;
  const lifecycle = ready === 'True' || ready === undefined ? [] : effects.map((effect) => ({ key, effect }));
  return node.spec.unschedulable
    ? [...lifecycle, { key: UNSCHEDULABLE_TAINT, effect: 'NoSchedule' }]
    : lifecycle;
}
