// Whom the kernel kills first when the board's memory is used up. Pure.
// https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
import type { core, Pod } from '../../api/objects.ts';
import { qosClass } from '../../api/qos-class.ts';
import { bytes } from '../../api/quantity.ts';

const GUARANTEED = -997;
const BEST_EFFORT = 1000;
const FIRST_CRITICAL_PRIORITY = 2_000_000_000;

/** -997 to 1000; what asks for more of the memory is spared longer. */
export function oomScoreAdj(pod: Pod, container: core.Container, boardMemoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= FIRST_CRITICAL_PRIORITY) return GUARANTEED;
  const qos = qosClass(pod.spec);
  if (qos === 'Guaranteed') return GUARANTEED;
  if (qos === 'BestEffort') return BEST_EFFORT;
  const { requests, limits } = container.resources ?? {};
  const asked = requests?.memory ?? limits?.memory;
  const share = asked === undefined ? 0 : bytes(asked) / boardMemoryBytes;
  // Never among the guaranteed, never level with what asked for nothing at all.
  return Math.min(Math.max(Math.trunc(1000 - 1000 * share), 1000 + GUARANTEED), BEST_EFFORT - 1);
}
