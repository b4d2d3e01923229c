// Topology spread constraints that must hold: no domain may get too far ahead of the emptiest.
// https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
import { constraintsOf, hasAllKeys, podsPerDomain, type SpreadConstraint } from '../topology-spread.ts';
import { domainOf, type World } from '../world.ts';
import { type BoardFilter, type Filter, forGood, unlessEvicted } from './filter.ts';

const REASON = "node(s) didn't match pod topology spread constraints";

export const topologySpread: Filter = {
  name: 'PodTopologySpread',
  prepare: (load, world) => {
    const constraints = constraintsOf(load.pod, 'DoNotSchedule');
    if (constraints.length === 0) return undefined;
    const eligible = world.usages.filter((usage) => hasAllKeys(constraints, usage));
    const checks = constraints.map((constraint) =>
      skewCheck(world, constraint, eligible, constraint.selection.matches(load.pod) ? 1 : 0),
    );
    return (usage) => {
      for (const check of checks) {
        const rejection = check(usage);
        if (rejection) return rejection;
      }
      return undefined;
    };
  },
};

function skewCheck(
  world: World,
  constraint: SpreadConstraint,
  eligible: World['usages'],
  self: number,
): BoardFilter {
  const { topologyKey, maxSkew, minDomains } = constraint;
  const domains = podsPerDomain(world, constraint, eligible);
  const fewest = domains.size < minDomains ? 0 : Math.min(...domains.values());
  return (usage) => {
    const domain = domainOf(usage, topologyKey);
    if (domain === undefined) return forGood(`${REASON} (missing required label)`);
    return (domains.get(domain) ?? 0) + self - fewest > maxSkew ? unlessEvicted(REASON) : undefined;
  };
}
