// Which replicas go first when there are too many: those that lose least. Upstream's ActivePodsWithRanks.
// https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-down
import type { Pod } from '../api/objects.ts';
import { isReady, readySinceMs } from './pod-state.ts';

const COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * The first `count` to delete; of otherwise equal pods the board with most replicas gives first: of `related` ones,
 * which are those of all ReplicaSets of a Deployment.
 */
export function replicasToDelete(
  active: readonly Pod[],
  count: number,
  related: Iterable<Pod> = active,
): Pod[] {
  const perNode = new Map<string, number>();
  for (const { spec } of related)
    perNode.set(spec.nodeName ?? '', (perNode.get(spec.nodeName ?? '') ?? 0) + 1);
  const crowd = (pod: Pod) => perNode.get(pod.spec.nodeName ?? '') ?? 0;
  const ranks = active.map((pod) => ({ pod, rank: rankOf(pod, crowd(pod)) }));
  return ranks
    .sort((a, b) => compareRanks(a.rank, b.rank) || compareText(a.pod.metadata.uid, b.pod.metadata.uid))
    .slice(0, count)
    .map(({ pod }) => pod);
}

/** Lower goes first, decided by the first number that differs. */
function rankOf(pod: Pod, podsOnNode: number): number[] {
  return [
    pod.spec.nodeName ? 1 : 0,
    phaseOrder[pod.status?.phase ?? 'Pending'] ?? 0,
    isReady(pod) ? 1 : 0,
    deletionCost(pod),
    -podsOnNode,
    -(readySinceMs(pod) ?? 0),
    -restarts(pod),
    -Date.parse(pod.metadata.creationTimestamp),
  ];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

const compareText = (a: string, b: string) => (a < b ? -1 : 1);

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[COST_ANNOTATION] ?? '';
  return /^-?\d{1,10}$/.test(text) ? Number(text) : 0;
}

/** The most that any of its containers was restarted. */
function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}
