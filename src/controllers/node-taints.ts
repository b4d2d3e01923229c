// Which taints a board's state calls for: a pure function of the Node.
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
import { findCondition, isConditionTrue } from '../api/conditions.ts';
import { type core, type Node, timestamp } from '../api/objects.ts';
import {
  DISK_PRESSURE_TAINT,
  MEMORY_PRESSURE_TAINT,
  NETWORK_UNAVAILABLE_TAINT,
  NOT_READY_TAINT,
  PID_PRESSURE_TAINT,
  UNREACHABLE_TAINT,
  UNSCHEDULABLE_TAINT,
} from '../api/taints.ts';

const effects = ['NoSchedule', 'NoExecute'] as const;
const lifecycleKeys: readonly string[] = [NOT_READY_TAINT, UNREACHABLE_TAINT];
/** Condition → its taint. */
const CONDITION_TAINTS: Readonly<Record<string, string>> = {
  MemoryPressure: MEMORY_PRESSURE_TAINT,
  DiskPressure: DISK_PRESSURE_TAINT,
  PIDPressure: PID_PRESSURE_TAINT,
  NetworkUnavailable: NETWORK_UNAVAILABLE_TAINT,
};
const ownKeys: readonly string[] = [
  ...lifecycleKeys,
  ...Object.values(CONDITION_TAINTS),
  UNSCHEDULABLE_TAINT,
];

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
  const isOurs = (taint: core.Taint) => ownKeys.includes(taint.key);
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
  const placing = [...conditionKeys(node), ...(node.spec.unschedulable ? [UNSCHEDULABLE_TAINT] : [])];
  return [...lifecycle, ...placing.map((key) => ({ key, effect: 'NoSchedule' }))];
}

/** Of what the board says now; of a silent one the last word stands no more, the taint of its silence does. */
function conditionKeys(node: Node): string[] {
  const types = Object.entries(CONDITION_TAINTS);
  return types.flatMap(([type, key]) => (isConditionTrue(node.status?.conditions, type) ? [key] : []));
}
