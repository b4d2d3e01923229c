// What the topology spread constraints of a pod count, and on which boards: shared by the filter and the score.
// https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
import { matchesLabels, selectorFromObject } from '../api/label-selector.ts';
import { matchesRequired } from '../api/node-affinity.ts';
import type { core, Pod } from '../api/objects.ts';
import { firstUntolerated } from '../api/taints.ts';
import { ownValues } from './affinity-term.ts';
import { HARD_EFFECTS } from './filters/node-taints.ts';
import type { NodeUsage } from './node-usage.ts';
import { domainOf, type PodSelection, type World } from './world.ts';

export interface SpreadConstraint {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  selection: PodSelection;
  /** Whether the board's pods and domain count at all. */
  counts(usage: NodeUsage): boolean;
}

export function constraintsOf(pod: Pod, whenUnsatisfiable: string): SpreadConstraint[] {
  return (pod.spec.topologySpreadConstraints ?? [])
    .filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable)
    .map((constraint) => ({
      topologyKey: constraint.topologyKey,
      maxSkew: constraint.maxSkew,
      minDomains: constraint.minDomains ?? 1,
      selection: selectionOf(pod, constraint),
      counts: (usage) => isCounted(pod, constraint, usage),
    }));
}

/** Of the pod's namespace; those that are going count no more. Without a selector, or an empty one, none counts. */
function selectionOf(pod: Pod, constraint: core.TopologySpreadConstraint): PodSelection {
  const given = selectorFromObject(constraint.labelSelector);
  const selector = given && [...given, ...ownValues(pod, constraint.matchLabelKeys, 'In', given)];
  const { namespace } = pod.metadata;
  return {
    key: `spread ${JSON.stringify([namespace, selector])}`,
    matches: ({ metadata }) =>
      selector !== undefined &&
      selector.length > 0 &&
      metadata.namespace === namespace &&
      !metadata.deletionTimestamp &&
      matchesLabels(selector, metadata.labels),
  };
}

/** Upstream's defaults: node affinity is honoured, taints are not. */
function isCounted(pod: Pod, constraint: core.TopologySpreadConstraint, usage: NodeUsage): boolean {
  const { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
  if (nodeAffinityPolicy === 'Honor' && !matchesRequired(pod, usage.node)) return false;
  return nodeTaintsPolicy === 'Ignore' || !firstUntolerated(usage.taints, pod.spec.tolerations, HARD_EFFECTS);
}

export const hasAllKeys = (constraints: readonly SpreadConstraint[], usage: NodeUsage): boolean =>
  constraints.every(({ topologyKey }) => domainOf(usage, topologyKey) !== undefined);

/** Selected pods per domain; a domain without any counts 0. */
export function podsPerDomain(
  world: World,
  constraint: SpreadConstraint,
  usages: readonly NodeUsage[],
): Map<string, number> {
  const perNode = world.counts(constraint.selection);
  const domains = new Map<string, number>();
  for (const usage of usages) {
    const domain = domainOf(usage, constraint.topologyKey);
    if (domain === undefined || !constraint.counts(usage)) continue;
    domains.set(domain, (domains.get(domain) ?? 0) + (perNode.get(usage.node.metadata.name) ?? 0));
  }
  return domains;
}
