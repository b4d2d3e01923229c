// Taints of nodes and the tolerations of pods that answer them: one meaning for scheduler and eviction.
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
import type { core } from './objects.ts';

/** The board says that it cannot run pods. */
export const NOT_READY_TAINT = 'node.kubernetes.io/not-ready';
/** The board says nothing. */
export const UNREACHABLE_TAINT = 'node.kubernetes.io/unreachable';
/** A person cordoned it. */
export const UNSCHEDULABLE_TAINT = 'node.kubernetes.io/unschedulable';

/** An empty effect or key of a toleration stands for all. */
export function tolerates(toleration: core.Toleration, taint: core.Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if ((toleration.operator ?? 'Equal') === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}
