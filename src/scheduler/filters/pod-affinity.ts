// Pods that must, or must not, share a topology domain with others; and those on boards that want no such company.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
import type { AffinityTerm, TermRole } from '../affinity-term.ts';
import type { NodeUsage, PodLoad } from '../node-usage.ts';
import { countsByDomain, domainOf, type PodSelection, type World } from '../world.ts';
import { type BoardFilter, type Filter, forGood, unlessEvicted } from './filter.ts';

interface Domains {
  topologyKey: string;
  /** Pods per domain. */
  counts: ReadonlyMap<string, number>;
}

export const podAffinity: Filter = {
  name: 'InterPodAffinity',
  prepare: (load, world) => {
    const together = withOthers(load, world);
    const apart = termsOf(load, 'requiredAnti').map((term) => domainsOf(world, [term], term.topologyKey));
    const kept = keptAwayFrom(load, world);
    if (!together && apart.length === 0 && kept.length === 0) return undefined;
    return (usage) => {
      if (together && !together(usage)) return forGood("node(s) didn't match pod affinity rules");
      if (isInAny(apart, usage)) return unlessEvicted("node(s) didn't match pod anti-affinity rules");
      return isInAny(kept, usage)
        ? unlessEvicted("node(s) didn't satisfy existing pods anti-affinity rules")
        : undefined;
    };
  },
};

/** Terms of the pod that the board has to answer. */
function termsOf({ terms }: PodLoad, role: TermRole): AffinityTerm[] {
  return terms.filter((own) => own.role === role).map(({ term }) => term);
}

/** Counted are the pods that match all terms at once; the first of a group that wants itself may go anywhere. */
function withOthers(load: PodLoad, world: World): ((usage: NodeUsage) => boolean) | undefined {
  const terms = termsOf(load, 'required');
  if (terms.length === 0) return undefined;
  const domains = terms.map(({ topologyKey }) => domainsOf(world, terms, topologyKey));
  const isAlone = domains.every(({ counts }) => counts.size === 0);
  const wantsItself = terms.every((term) => term.matches(load.pod, world.namespaceLabels));
  return (usage) => {
    if (domains.some(({ topologyKey }) => domainOf(usage, topologyKey) === undefined)) return false;
    return domains.every((domain) => isIn(domain, usage)) || (isAlone && wantsItself);
  };
}

/** Symmetry: whoever is there and wants no such pod near keeps it away. */
function keptAwayFrom({ pod }: PodLoad, world: World): Domains[] {
  return [...world.terms()]
    .filter(({ role, term }) => role === 'requiredAnti' && term.matches(pod, world.namespaceLabels))
    .map(({ term: { topologyKey }, nodes }) => ({
      topologyKey,
      counts: countsByDomain(world, topologyKey, nodes),
    }));
}

function domainsOf(world: World, terms: readonly AffinityTerm[], topologyKey: string): Domains {
  const counts = countsByDomain(world, topologyKey, world.counts(selectionOf(terms, world)));
  return { topologyKey, counts };
}

/** Pods that match every one of `terms`. */
export function selectionOf(terms: readonly AffinityTerm[], { namespaceLabels }: World): PodSelection {
  return {
    key: `all of ${terms.map(({ id }) => id).join(' ')}`,
    matches: (pod) => terms.every((term) => term.matches(pod, namespaceLabels)),
  };
}

function isIn({ topologyKey, counts }: Domains, usage: NodeUsage): boolean {
  const domain = domainOf(usage, topologyKey);
  return domain !== undefined && (counts.get(domain) ?? 0) > 0;
}

const isInAny = (domains: readonly Domains[], usage: Parameters<BoardFilter>[0]): boolean =>
  domains.some((domain) => isIn(domain, usage));
