// Which pods have to go so that a more important one fits: on each board the fewest that suffice, then the board
// where it hurts least. Pure; the world stays as it is.
// https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#preemption
import { findCondition } from '../api/conditions.ts';
import { matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import type { Pod, PodDisruptionBudget } from '../api/objects.ts';
import { changedWorld, type PodMove } from './changed-world.ts';
import { prepareFilters } from './filters/all-filters.ts';
import type { NodeUsage, PodLoad } from './node-usage.ts';
import { countedReasons, type Refusal } from './placement.ts';
import type { World } from './world.ts';

const STILL_CLEARING = 'not eligible due to a terminating pod on the nominated node.';

export interface Victims {
  nodeName: string;
  /** The most important first. */
  pods: readonly PodLoad[];
  /** How many of them a budget would rather keep. */
  violations: number;
}

/** `stillClearing`: the board it was nominated for is on the way. */
export type Preemption = { victims: Victims } | { message: string; stillClearing?: boolean };

export interface PreemptionInput {
  load: PodLoad;
  world: World;
  refusal: Refusal;
  budgets: readonly PodDisruptionBudget[];
  nominated: readonly PodMove[];
}

export function preempt(input: PreemptionInput): Preemption {
  const { load, refusal } = input;
  const obstacle = ineligibility(input);
  if (obstacle) return { message: obstacle, stillClearing: obstacle === STILL_CLEARING };
  const outcomes = refusal.evictable.map((usage) => victimsOn(input, usage));
  const candidates = outcomes.filter((outcome) => typeof outcome !== 'string');
  const best = candidates.reduce<Victims | undefined>(
    (least, next) => (least && compareVictims(least, next) <= 0 ? least : next),
    undefined,
  );
  if (best) return { victims: best };
  const hopeless = refusal.boardCount - refusal.evictable.length;
  const reasons = [
    ...Array.from({ length: hopeless }, () => 'Preemption is not helpful for scheduling'),
    ...outcomes.filter((outcome) => typeof outcome === 'string'),
  ];
  if (reasons.length === 0) return { message: `no pod can make room for ${load.pod.metadata.name}` };
  return { message: `0/${refusal.boardCount} nodes are available: ${countedReasons(reasons)}.` };
}

/** A pod may ask not to push out others; one that has pushed waits until they are gone. */
function ineligibility({ load, world, refusal }: PreemptionInput): string | undefined {
  const { spec, status } = load.pod;
  if (spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = status?.nominatedNodeName && world.usage(status.nominatedNodeName);
  // A board that will not do any more, whoever leaves it, is not waited for.
  if (nominated && !refusal.evictable.includes(nominated)) return undefined;
  const isClearing =
    nominated &&
    [...nominated.pods.values()].some((other) => other.priority < load.priority && isPreempted(other.pod));
  return isClearing ? STILL_CLEARING : undefined;
}

function isPreempted({ metadata, status }: Pod): boolean {
  const target = findCondition(status?.conditions, 'DisruptionTarget');
  const isTarget = target?.status === 'True' && target.reason === 'PreemptionByScheduler';
  return Boolean(metadata.deletionTimestamp) && isTarget;
}

/** All less important pods go, then as many come back as still let the pod fit, those under a budget first. */
function victimsOn(input: PreemptionInput, usage: NodeUsage): Victims | string {
  const { load, world, budgets, nominated } = input;
  const nodeName = usage.node.metadata.name;
  const lower = [...usage.pods.values()].filter(({ priority }) => priority < load.priority);
  if (lower.length === 0) return 'No preemption victims found for incoming pod';
  const come = nominated.filter((move) => move.nodeName === nodeName);
  const without = (gone: readonly PodLoad[]) => {
    const moves = gone.map((other) => ({ nodeName, load: other }));
    const changed = changedWorld(world, { gone: moves, come });
    return prepareFilters(load, changed)(changed.usage(nodeName) ?? usage);
  };
  const rejection = without(lower);
  if (rejection) return rejection.reasons.join(', ');
  const ordered = lower.sort(compareImportance);
  const guarded = violators(ordered, budgets);
  const victims = new Set(ordered);
  const mustGo = (other: PodLoad) => {
    victims.delete(other);
    if (!without([...victims])) return false;
    victims.add(other);
    return true;
  };
  const violations = ordered.filter((other) => guarded.has(other) && mustGo(other)).length;
  for (const other of ordered) if (!guarded.has(other)) mustGo(other);
  return { nodeName, pods: [...victims].sort(compareImportance), violations };
}

/** Those that a budget, counting from the most important on, has nothing left for. */
function violators(loads: readonly PodLoad[], budgets: readonly PodDisruptionBudget[]): Set<PodLoad> {
  const left = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]));
  const found = new Set<PodLoad>();
  for (const load of loads) {
    for (const budget of budgets.filter((b) => guards(b, load.pod))) {
      const allowed = (left.get(budget) ?? 0) - 1;
      left.set(budget, allowed);
      if (allowed < 0) found.add(load);
    }
  }
  return found;
}

/** A disruption that was granted already is not counted again. */
function guards({ metadata, spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  if (metadata.namespace !== pod.metadata.namespace || !pod.metadata.labels) return false;
  const selector = selectorFromObject(spec.selector);
  if (!selector || selector.length === 0 || !matchesLabels(selector, pod.metadata.labels)) return false;
  return status?.disruptedPods?.[pod.metadata.name] === undefined;
}

/** Higher priority first, then who has run longer. */
function compareImportance(a: PodLoad, b: PodLoad): number {
  return b.priority - a.priority || order(startedMs(a), startedMs(b));
}

/** One that no board has started yet counts as the youngest. */
const startedMs = ({ pod }: PodLoad): number =>
  pod.status?.startTime ? Date.parse(pod.status.startTime) : Number.POSITIVE_INFINITY;

/** Two infinities are equal. */
const order = (a: number, b: number): number => (a === b ? 0 : a - b);

/** Upstream's order: fewest violations, lowest top priority, least priority in sum, fewest pods, latest start. */
function compareVictims(a: Victims, b: Victims): number {
  const top = ({ pods }: Victims) => pods[0]?.priority ?? Number.NEGATIVE_INFINITY;
  // Shifted, so that more pods of a negative priority are not less.
  const sum = ({ pods }: Victims) => pods.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
  const earliest = ({ pods }: Victims) =>
    Math.min(...pods.filter(({ priority }) => priority === pods[0]?.priority).map(startedMs));
  return (
    a.violations - b.violations ||
    top(a) - top(b) ||
    sum(a) - sum(b) ||
    a.pods.length - b.pods.length ||
    order(earliest(b), earliest(a))
  );
}
