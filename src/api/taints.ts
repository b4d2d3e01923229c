// Taints of nodes and the tolerations of pods that answer them: one meaning for scheduler, eviction and daemons.
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
import type { core } from './objects.ts';

/** The board says that it cannot run pods. */
export const NOT_READY_TAINT = 'node.kubernetes.io/not-ready';
/** The board says nothing. */
export const UNREACHABLE_TAINT = 'node.kubernetes.io/unreachable';
/** A person cordoned it. */
export const UNSCHEDULABLE_TAINT = 'node.kubernetes.io/unschedulable';

/** Pressures, told by the board: nothing new is placed there. */
export const MEMORY_PRESSURE_TAINT = 'node.kubernetes.io/memory-pressure';
export const DISK_PRESSURE_TAINT = 'node.kubernetes.io/disk-pressure';
export const PID_PRESSURE_TAINT = 'node.kubernetes.io/pid-pressure';

/** Told by the board: its pods cannot be reached. */
export const NETWORK_UNAVAILABLE_TAINT = 'node.kubernetes.io/network-unavailable';

/** A person vouches that the board is off: what it ran may be given to others. */
export const OUT_OF_SERVICE_TAINT = 'node.kubernetes.io/out-of-service';

/** An empty effect or key of a toleration stands for all. */
export function tolerates(toleration: core.Toleration, taint: core.Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if ((toleration.operator ?? 'Equal') === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

/** The first taint with one of `effects` that nothing tolerates. */
export function firstUntolerated(
  taints: readonly core.Taint[],
  tolerations: readonly core.Toleration[] | undefined,
  effects: readonly string[],
): core.Taint | undefined {
  return taints.find(
    (taint) => effects.includes(taint.effect) && !(tolerations ?? []).some((t) => tolerates(t, taint)),
  );
}
