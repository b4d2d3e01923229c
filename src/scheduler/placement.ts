// Where a pod goes: a pure function of the pod and the world. The same world always gives the same answer.

import { changedWorld, type PodMove } from './changed-world.ts';
import { claimProblem } from './claims.ts';
import { type NamedRejection, prepareFilters } from './filters/all-filters.ts';
import type { FilterName } from './filters/filter.ts';
import { namedBoards } from './named-boards.ts';
import type { NodeUsage, PodLoad } from './node-usage.ts';
import { totalScores } from './scores/all-scores.ts';
import type { PodSelection, World } from './world.ts';

/** Why no board fits. */
export interface Refusal {
  /** In upstream's words, without a closing note on preemption. */
  message: string;
  /** Whose change of mind would help. */
  filters: ReadonlySet<FilterName>;
  /** Boards that could take the pod if others went. */
  evictable: readonly NodeUsage[];
  boardCount: number;
}

export type Placement = { nodeName: string } | { refusal: Refusal };

export interface PlacementInput {
  load: PodLoad;
  world: World;
  siblings: PodSelection | undefined;
  /** Pods of at least this priority that a board is being cleared for: they count as if they were there. */
  nominated?: readonly PodMove[];
}

/** Of equal boards the one with fewest pods, then the first by name. */
export function place({ load, world, siblings, nominated = [] }: PlacementInput): Placement {
  const { usages } = world;
  if (usages.length === 0) return refused('no nodes available to schedule pods', [], usages);
  const hopeless = hopelessness(load, world);
  if (hopeless) return refused(`${availability(usages)}: ${hopeless.why}.`, [hopeless.filter], usages);
  const rejects = withNominated(load, world, nominated);
  const rejections = usages.map(rejects);
  const fitting = usages.filter((_, i) => !rejections[i]);
  if (fitting.length === 0) return { refusal: explained(rejections, usages) };
  const wanted = load.pod.status?.nominatedNodeName;
  const cleared = fitting.find(({ node }) => node.metadata.name === wanted);
  if (cleared) return { nodeName: cleared.node.metadata.name };
  const scores = fitting.length > 1 ? totalScores({ load, world, usages: fitting, siblings }) : [];
  const ranked = fitting.map((usage, i) => ({ usage, score: scores[i] ?? 0 })).sort(compareRanked);
  return { nodeName: ranked[0]?.usage.node.metadata.name ?? '' };
}

/** Why no board will do, whatever it is like. */
function hopelessness({ pod }: PodLoad, { storage }: World): { why: string; filter: FilterName } | undefined {
  if (namedBoards(pod)?.size === 0) return { why: 'pod affinity terms conflict', filter: 'NodeAffinity' };
  const problem = claimProblem(pod, storage);
  return problem ? { why: problem, filter: 'VolumeBinding' } : undefined;
}

/** As upstream: a board must do both with and without the pods it is being cleared for. */
function withNominated(load: PodLoad, world: World, nominated: readonly PodMove[]) {
  const plain = prepareFilters(load, world);
  if (nominated.length === 0) return plain;
  const fuller = changedWorld(world, { come: nominated });
  const full = prepareFilters(load, fuller);
  return (usage: NodeUsage) => plain(usage) ?? full(fuller.usage(usage.node.metadata.name) ?? usage);
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

function refused(message: string, filters: readonly FilterName[], usages: readonly NodeUsage[]): Placement {
  return { refusal: { message, filters: new Set(filters), evictable: [], boardCount: usages.length } };
}

/** `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.` */
function explained(
  rejections: readonly (NamedRejection | undefined)[],
  usages: readonly NodeUsage[],
): Refusal {
  const all = rejections.filter((rejection) => rejection !== undefined);
  return {
    message: `${availability(usages)}: ${countedReasons(all.flatMap(({ reasons }) => reasons))}.`,
    filters: new Set(all.map(({ filter }) => filter)),
    evictable: usages.filter((_, i) => !rejections[i]?.isFinal),
    boardCount: usages.length,
  };
}

const availability = (usages: readonly NodeUsage[]) => `0/${usages.length} nodes are available`;

/** `1 Insufficient cpu, 2 Too many pods`, sorted as text. */
export function countedReasons(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
