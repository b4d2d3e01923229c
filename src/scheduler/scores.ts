// Which of the boards that fit is best: 0 to 100 per score, weighted and summed as upstream does.
import { preferredWeight } from '../api/node-affinity.ts';
import type { Node, Pod } from '../api/objects.ts';
import { tolerates } from '../api/taints.ts';
import type { NodeUsage, PodLoad } from './node-usage.ts';
import { effectiveTaints } from './taints.ts';

/** True for pods that should not share a board with the pod at hand. */
export type IsSibling = (other: Pod) => boolean;

interface ScoreInput {
  load: PodLoad;
  usages: readonly NodeUsage[];
  isSibling: IsSibling;
}

/** One number from 0 to 100 for each of `usages`, in their order. */
type Score = (input: ScoreInput) => number[];

/** Spread outweighs free room: two copies on one board are no copies. */
const weighted: readonly { score: Score; weight: number }[] = [
  { score: leastAllocated, weight: 1 },
  { score: spread, weight: 2 },
  { score: preferredNodeAffinity, weight: 2 },
  { score: preferNoSchedule, weight: 3 },
];

/** Weighted sum per board, in the order of `usages`. */
export function totalScores(input: ScoreInput): number[] {
  const totals = input.usages.map(() => 0);
  for (const { score, weight } of weighted) {
    score(input).forEach((points, i) => {
      totals[i] = (totals[i] ?? 0) + points * weight;
    });
  }
  return totals;
}

/** Upstream counts what requests nothing as these, so that such pods spread as well. */
const ASSUMED_CPU_MILLIS = 100;
const ASSUMED_MEMORY_BYTES = 200 * 1024 * 1024;

function leastAllocated({ load, usages }: ScoreInput): number[] {
  return usages.map(({ pods, allocatable }) => {
    const total = { cpuMillis: 0, memoryBytes: 0 };
    count(total, load);
    for (const other of pods.values()) {
      if (other.pod.metadata.uid !== load.pod.metadata.uid) count(total, other);
    }
    const cpu = freeShare(total.cpuMillis, allocatable.cpuMillis);
    const memory = freeShare(total.memoryBytes, allocatable.memoryBytes);
    return (cpu + memory) / 2;
  });
}

function count(total: { cpuMillis: number; memoryBytes: number }, { requests }: PodLoad): void {
  total.cpuMillis += requests.cpuMillis || ASSUMED_CPU_MILLIS;
  total.memoryBytes += requests.memoryBytes || ASSUMED_MEMORY_BYTES;
}

function freeShare(used: number, there: number): number {
  return there <= 0 || used >= there ? 0 : ((there - used) / there) * 100;
}

/** Full marks without siblings, none where most of them are. */
function spread({ usages, isSibling }: ScoreInput): number[] {
  const counts = usages.map(({ pods }) =>
    [...pods.values()].filter(({ pod }) => isLiving(pod) && isSibling(pod)),
  );
  const most = Math.max(0, ...counts.map((siblings) => siblings.length));
  return counts.map((siblings) => (most === 0 ? 100 : ((most - siblings.length) / most) * 100));
}

const isLiving = (pod: Pod) => !pod.metadata.deletionTimestamp;

function preferredNodeAffinity({ load, usages }: ScoreInput): number[] {
  return shareOfMost(usages.map(({ node }) => preferredWeight(load.pod, node)));
}

/** Full marks without PreferNoSchedule taints that the pod does not tolerate. */
function preferNoSchedule({ load, usages }: ScoreInput): number[] {
  const counts = usages.map(({ node }) => softTaints(load.pod, node));
  return shareOfMost(counts).map((share) => 100 - share);
}

function softTaints(pod: Pod, node: Node): number {
  const tolerations = pod.spec.tolerations ?? [];
  return effectiveTaints(node).filter(
    (taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((t) => tolerates(t, taint)),
  ).length;
}

function shareOfMost(values: readonly number[]): number[] {
  const most = Math.max(0, ...values);
  return values.map((value) => (most === 0 ? 0 : (value / most) * 100));
}
