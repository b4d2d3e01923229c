// Where an endpoint is, and whose traffic its Service wants it to have: zone and hints of a slice's endpoints. Pure.
// https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-distribution
import type { EndpointHints } from '../api/endpoint-hints.ts';
import type { discovery } from '../api/objects.ts';

export interface Placement {
  /** Of a board, by its name. */
  zoneOf(nodeName: string): string | undefined;
  /** `spec.trafficDistribution`; without one nobody is preferred. */
  distribution?: string | undefined;
}

/** As upstream has it for endpoints that a person keeps: nothing is known of where they are. */
export const nowhere: Placement = { zoneOf: () => undefined };

/** Only what is ready is hinted: readers look at the hints of nothing else. */
export function placed(
  endpoint: discovery.Endpoint,
  { zoneOf, distribution }: Placement,
): discovery.Endpoint {
  const { nodeName, conditions } = endpoint;
  const zone = nodeName ? zoneOf(nodeName) : undefined;
  const isHinted = distribution !== undefined && conditions?.ready === true;
  const forNode = isHinted && distribution === 'PreferSameNode' ? nodeName : undefined;
  const hints: EndpointHints = {
    ...(isHinted && zone ? { forZones: [{ name: zone }] } : {}),
    ...(forNode ? { forNodes: [{ name: forNode }] } : {}),
  };
  return {
    ...endpoint,
    ...(zone ? { zone } : {}),
    ...(Object.keys(hints).length > 0 ? { hints } : {}),
  };
}
