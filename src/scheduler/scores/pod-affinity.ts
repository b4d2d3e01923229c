// Rather near the pods that this one, or that want this one, near; rather far from the others.
// Source: pkg/scheduler/framework/plugins/interpodaffinity scoring
import type { OwnTerm } from '../affinity-term.ts';
import { selectionOf } from '../filters/pod-affinity.ts';
import type { PodLoad } from '../node-usage.ts';
import { countsByDomain, domainOf, type World } from '../world.ts';
import type { Score } from './score.ts';

/** Points per pod in a topology domain. */
interface Pull {
  topologyKey: string;
  weight: number;
  counts: ReadonlyMap<string, number>;
}

export const preferredPodAffinity: Score = ({ load, world, usages }) => {
  const pulls = [...ownPulls(load, world), ...pullsOfOthers(load, world)];
  if (pulls.length === 0) return undefined;
  const points = usages.map((usage) =>
    pulls.reduce((sum, { topologyKey, weight, counts }) => {
      const domain = domainOf(usage, topologyKey);
      return domain === undefined ? sum : sum + weight * (counts.get(domain) ?? 0);
    }, 0),
  );
  return betweenLeastAndMost(points);
};

function ownPulls({ terms }: PodLoad, world: World): Pull[] {
  return terms
    .filter(({ role }) => role === 'preferred' || role === 'preferredAnti')
    .map((own) => pull(own, world, world.counts(selectionOf([own.term], world))));
}

/** Who is there and requires such a pod near is worth 1, upstream's hardPodAffinityWeight. */
function pullsOfOthers({ pod }: PodLoad, world: World): Pull[] {
  return [...world.terms()]
    .filter(({ role, term }) => role !== 'requiredAnti' && term.matches(pod, world.namespaceLabels))
    .map((placed) => pull(placed, world, placed.nodes));
}

function pull({ role, weight, term }: OwnTerm, world: World, perNode: ReadonlyMap<string, number>): Pull {
  const { topologyKey } = term;
  const counts = countsByDomain(world, topologyKey, perNode);
  return { topologyKey, weight: role === 'preferredAnti' ? -weight : weight, counts };
}

function betweenLeastAndMost(points: readonly number[]): number[] {
  const least = Math.min(...points);
  const span = Math.max(...points) - least;
  return points.map((point) => (span > 0 ? Math.trunc((100 * (point - least)) / span) : 0));
}
