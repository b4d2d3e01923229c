// When the next pod of a workload becomes available: what a controller that counts available pods waits for.
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
