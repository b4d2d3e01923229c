// How long a pod may stay on a tainted board: a pure function of its tolerations and since when taints stand.
import type { core, Pod } from '../api/objects.ts';
import { tolerates } from '../api/taints.ts';
import { isLifecycleTaint } from './node-taints.ts';

export interface StandingTaint {
  taint: core.Taint;
  /** Monotonic time at which this process first saw it: wall clocks on boards jump. */
  sinceMs: number;
}

/**
 * When the pod has to go, in monotonic time; `undefined` = it may stay. Taints that follow from the board's state
 * do not count before `heldUntilMs`.
 */
export function evictionDueMs(
  pod: Pod,
  standing: readonly StandingTaint[],
  heldUntilMs = Number.NEGATIVE_INFINITY,
): number | undefined {
  const dues = standing
    .filter(({ taint }) => taint.effect === 'NoExecute')
    .map(({ taint, sinceMs }) => {
      const dueMs = sinceMs + toleratedMs(pod, taint);
      return isLifecycleTaint(taint) ? Math.max(dueMs, heldUntilMs) : dueMs;
    });
  const due = Math.min(...dues);
  return Number.isFinite(due) ? due : undefined;
}

/** As upstream: the first toleration that matches a taint decides; without seconds it is for ever. */
function toleratedMs(pod: Pod, taint: core.Taint): number {
  const toleration = (pod.spec.tolerations ?? []).find((t) => tolerates(t, taint));
  if (!toleration) return 0;
  const seconds = toleration.tolerationSeconds;
  return seconds === undefined ? Number.POSITIVE_INFINITY : Math.max(seconds, 0) * 1000;
}
