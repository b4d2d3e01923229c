// Which of the boards that fit is best: each score from 0 to 100, weighted and summed as upstream does.
import { imageLocality } from './image-locality.ts';
import { preferredNodeAffinity } from './node-affinity.ts';
import { preferredPodAffinity } from './pod-affinity.ts';
import { balancedAllocation, leastAllocated } from './resources.ts';
import type { Score, ScoreInput } from './score.ts';
import { preferNoSchedule } from './taints.ts';
import { spreadOverTopology } from './topology-spread.ts';

/** Upstream's default weights. */
const weighted: readonly { score: Score; weight: number }[] = [
  { score: preferNoSchedule, weight: 3 },
  { score: preferredNodeAffinity, weight: 2 },
  { score: spreadOverTopology, weight: 2 },
  { score: preferredPodAffinity, weight: 2 },
  { score: leastAllocated, weight: 1 },
  { score: balancedAllocation, weight: 1 },
  { score: imageLocality, weight: 1 },
];

/** Weighted sum per board, in the order of `usages`. */
export function totalScores(input: ScoreInput): number[] {
  const totals = input.usages.map(() => 0);
  for (const { score, weight } of weighted) {
    score(input)?.forEach((points, i) => {
      totals[i] = (totals[i] ?? 0) + points * weight;
    });
  }
  return totals;
}
