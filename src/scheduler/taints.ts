// Which taints count against a pod that looks for a board.
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
import { isConditionTrue } from '../api/conditions.ts';
import type { core, Node } from '../api/objects.ts';
import { NOT_READY_TAINT, UNREACHABLE_TAINT, UNSCHEDULABLE_TAINT } from '../api/taints.ts';

/** The node's taints, and those that its state amounts to before a controller has written them down. */
export function effectiveTaints(node: Node): core.Taint[] {
  const taints = [...(node.spec.taints ?? [])];
  const has = (key: string) => taints.some((taint) => taint.key === key);
  const isReady = isConditionTrue(node.status?.conditions, 'Ready');
  const isMarked = has(NOT_READY_TAINT) || has(UNREACHABLE_TAINT);
  if (!isReady && !isMarked) taints.push({ key: NOT_READY_TAINT, effect: 'NoSchedule' });
  if (node.spec.unschedulable && !has(UNSCHEDULABLE_TAINT)) {
    taints.push({ key: UNSCHEDULABLE_TAINT, effect: 'NoSchedule' });
  }
  return taints;
}
