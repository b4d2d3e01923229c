// Where a pod goes: a pure function of the pod and the boards. The same world always gives the same answer.
import { reasonsAgainst } from './filters.ts';
import type { NodeUsage, PodLoad } from './node-usage.ts';
import { type IsSibling, totalScores } from './scores.ts';

export type Placement = { nodeName: string } | { unschedulable: string };

/** `usages` in any order; of equal boards the one with fewest pods, then the first by name. */
export function place(load: PodLoad, usages: readonly NodeUsage[], isSibling: IsSibling): Placement {
  if (usages.length === 0) return { unschedulable: 'no nodes available to schedule pods' };
  const reasons = usages.map((usage) => reasonsAgainst(load, usage));
  const fitting = usages.filter((_, i) => reasons[i]?.length === 0);
  if (fitting.length === 0) return { unschedulable: explain(reasons) };
  const scores = totalScores({ load, usages: fitting, isSibling });
  const ranked = fitting.map((usage, i) => ({ usage, score: scores[i] ?? 0 })).sort(compareRanked);
  return { nodeName: ranked[0]?.usage.node.metadata.name ?? '' };
}

interface Ranked {
  usage: NodeUsage;
  score: number;
}

function compareRanked(a: Ranked, b: Ranked): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.usage.pods.size !== b.usage.pods.size) return a.usage.pods.size - b.usage.pods.size;
  return a.usage.node.metadata.name < b.usage.node.metadata.name ? -1 : 1;
}

/** `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.` */
function explain(reasonsPerNode: readonly string[][]): string {
  const counts = new Map<string, number>();
  for (const reason of reasonsPerNode.flat()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const listed = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${reasonsPerNode.length} nodes are available: ${listed.join(', ')}.`;
}
