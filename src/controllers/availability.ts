// When the next pod of a workload becomes available: the one clock that DaemonSets and StatefulSets wait for.
import type { Pod } from '../api/objects.ts';
import { availableInMs } from './pod-state.ts';

/** In milliseconds from `nowMs`; `undefined` when no pod waits for its time. */
export function nextAvailableMs(
  pods: readonly Pod[],
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  const waits = pods.flatMap((pod) => {
    const waitMs = availableInMs(pod, minReadySeconds, nowMs);
    return waitMs ? [waitMs] : [];
  });
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
