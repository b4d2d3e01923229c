// Rather a board whose topology domains hold fewer such pods. A pod without constraints of its own spreads with its
// siblings over boards and zones: as upstream's defaults, but with a skew of 1 (upstream 3 and 5), because where there
// are only a few boards two copies on one are no copies.
// https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#internal-default-constraints
import { ZONE_LABEL } from '../../api/zone.ts';
import { constraintsOf, hasAllKeys, podsPerDomain, type SpreadConstraint } from '../topology-spread.ts';
import { domainOf } from '../world.ts';
import type { Score, ScoreInput } from './score.ts';

const HOSTNAME = 'kubernetes.io/hostname';

export const spreadOverTopology: Score = (input) => {
  const { load, siblings } = input;
  const own = constraintsOf(load.pod, 'ScheduleAnyway');
  if (own.length > 0) {
    return normalized(rawScores(input, own, (usage) => hasAllKeys(own, usage)));
  }
  if (!siblings || load.pod.spec.topologySpreadConstraints?.length) return undefined;
  const common = { minDomains: 1, selection: siblings, counts: () => true };
  const defaults = [
    { topologyKey: HOSTNAME, maxSkew: 1, ...common },
    { topologyKey: ZONE_LABEL, maxSkew: 1, ...common },
  ];
  return normalized(rawScores(input, defaults, () => true));
};

type Usage = ScoreInput['usages'][number];

/** Weighted pods around each board, fewer being better; `undefined` for boards outside of the topology. */
function rawScores(
  { world, usages }: ScoreInput,
  constraints: readonly SpreadConstraint[],
  isEligible: (usage: Usage) => boolean,
): (number | undefined)[] {
  const eligible = usages.filter(isEligible);
  const parts = constraints.map((constraint) => {
    const isPerBoard = constraint.topologyKey === HOSTNAME;
    const domains = isPerBoard
      ? undefined
      : podsPerDomain(world, constraint, world.usages.filter(isEligible));
    const used = isPerBoard ? eligible.length : domainsAmong(eligible, constraint.topologyKey);
    return { constraint, domains, perNode: world.counts(constraint.selection), weight: Math.log(used + 2) };
  });
  return usages.map((usage) => {
    if (!isEligible(usage)) return undefined;
    const sum = parts.reduce((total, { constraint, domains, perNode, weight }) => {
      const domain = domains ? domainOf(usage, constraint.topologyKey) : usage.node.metadata.name;
      if (domain === undefined) return total;
      return total + ((domains ?? perNode).get(domain) ?? 0) * weight + constraint.maxSkew - 1;
    }, 0);
    return Math.round(sum);
  });
}

/** Boards without the label are a domain of their own here, as upstream. */
function domainsAmong(usages: readonly Usage[], topologyKey: string): number {
  return new Set(usages.map((usage) => domainOf(usage, topologyKey))).size;
}

function normalized(raw: readonly (number | undefined)[]): number[] {
  const known = raw.filter((score) => score !== undefined);
  const most = Math.max(0, ...known);
  const least = Math.min(...known);
  return raw.map((score) => {
    if (score === undefined) return 0;
    return most === 0 ? 100 : Math.trunc((100 * (most + least - score)) / most);
  });
}
