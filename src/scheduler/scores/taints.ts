// Rather a board without PreferNoSchedule taints that the pod does not tolerate.
import type { Pod } from '../../api/objects.ts';
import { tolerates } from '../../api/taints.ts';
import type { NodeUsage } from '../node-usage.ts';
import { type Score, shareOfMost } from './score.ts';

export const preferNoSchedule: Score = ({ load, usages }) =>
  shareOfMost(usages.map((usage) => softTaints(load.pod, usage))).map((share) => 100 - share);

function softTaints({ spec }: Pod, { taints }: NodeUsage): number {
  const tolerations = spec.tolerations ?? [];
  return taints.filter(
    (taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((t) => tolerates(t, taint)),
  ).length;
}
