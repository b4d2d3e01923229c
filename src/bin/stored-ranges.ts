// Whether what a store has fits the ranges that its master is started with: addresses that were given out are not
// changed, so another plan is for another store. Pure.
import { clusterIPsOf } from '../api/board-service.ts';
import { podRangesOf } from '../api/kinds/node.ts';
import type { Node, Service } from '../api/objects.ts';
import { firstServiceAddress } from '../apiserver/strategies/service-addresses.ts';
import type { ClusterNetwork } from '../base/cluster-network.ts';
import { isInRange } from '../base/ip.ts';

export interface StoredAddresses {
  services: readonly Pick<Service, 'metadata' | 'spec'>[];
  nodes: readonly Pick<Node, 'metadata' | 'spec'>[];
}

/** In one line, with what to do; `undefined` = it fits. */
export function rangeProblem(
  { services, nodes }: StoredAddresses,
  network: ClusterNetwork,
  dataDir: string,
): string | undefined {
  const { serviceRange } = network;
  const mend = `start with the ranges of before, or with another --data-dir to begin anew (${dataDir} then stays as it is)`;
  const api = services.find(
    ({ metadata }) => metadata.namespace === 'default' && metadata.name === 'kubernetes',
  );
  const first = firstServiceAddress(serviceRange);
  if (api?.spec.clusterIP && api.spec.clusterIP !== first) {
    return `this cluster has its API at ${api.spec.clusterIP}, with --service-cluster-ip-range ${serviceRange} it would be ${first}: ${mend}`;
  }
  for (const { metadata, spec } of services) {
    const address = clusterIPsOf({ spec }).find(
      (ip) => !serviceRanges(network).some((range) => isInRange(ip, range)),
    );
    if (address === undefined) continue;
    return `Service ${metadata.namespace}/${metadata.name} has ${address}, outside --service-cluster-ip-range ${serviceRanges(network)}: ${mend}`;
  }
  for (const { metadata, spec } of nodes) {
    const share = sharesOf(spec, network).find(
      (cidr) => !podRanges(network).some((range) => isInRange(cidr, range)),
    );
    if (share === undefined) continue;
    return `Node ${metadata.name} has the pods of ${share}, outside --cluster-cidr ${podRanges(network)}: ${mend}`;
  }
  return undefined;
}

const serviceRanges = ({ serviceRange, ipv6 }: ClusterNetwork) => [
  serviceRange,
  ...(ipv6 ? [ipv6.serviceRange] : []),
];
const podRanges = ({ podRange, ipv6 }: ClusterNetwork) => [podRange, ...(ipv6 ? [ipv6.podRange] : [])];

/** A cluster that gives up its second family leaves the boards' shares of it unused. */
function sharesOf(spec: Node['spec'], { ipv6 }: ClusterNetwork): string[] {
  return podRangesOf(spec).filter((cidr) => ipv6 !== undefined || !cidr.includes(':'));
}
