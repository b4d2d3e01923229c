// Whether what a store has fits the ranges that its master is started with: addresses that were given out are not changed,
// so another plan is for another store. Pure.
import type { Node, Service } from '../api/objects.ts';
import { firstServiceAddress } from '../apiserver/strategies/service-addresses.ts';
import type { ClusterNetwork } from '../base/cluster-network.ts';
import { overlaps, parseIpv4Range } from '../base/ipv4.ts';

export interface StoredAddresses {
  services: readonly Pick<Service, 'metadata' | 'spec'>[];
  nodes: readonly Pick<Node, 'metadata' | 'spec'>[];
}

/** In one line, with what to do; `undefined` = it fits. */
export function rangeProblem(
  { services, nodes }: StoredAddresses,
  { podRange, serviceRange }: ClusterNetwork,
  dataDir: string,
): string | undefined {
  const mend = `start with the ranges of before, or with another --data-dir to begin anew (${dataDir} then stays as it is)`;
  const api = services.find(
    ({ metadata }) => metadata.namespace === 'default' && metadata.name === 'kubernetes',
  );
  const first = firstServiceAddress(serviceRange);
  if (api?.spec.clusterIP && api.spec.clusterIP !== first) {
    return `this cluster has its API at ${api.spec.clusterIP}, with --service-cluster-ip-range ${serviceRange} it would be ${first}: ${mend}`;
  }
  const service = services.find(({ spec }) => addressesOf(spec).some((ip) => !overlaps(ip, serviceRange)));
  if (service) {
    const { namespace, name } = service.metadata;
    return `Service ${namespace}/${name} has ${addressesOf(service.spec)[0]}, outside --service-cluster-ip-range ${serviceRange}: ${mend}`;
  }
  const node = nodes.find(({ spec }) => spec.podCIDR && !isWithin(spec.podCIDR, podRange));
  if (!node) return undefined;
  return `Node ${node.metadata.name} has the pods of ${node.spec.podCIDR}, outside --cluster-cidr ${podRange}: ${mend}`;
}

const addressesOf = ({ clusterIP }: Service['spec']): string[] =>
  clusterIP && clusterIP !== 'None' && clusterIP.includes('.') ? [clusterIP] : [];

function isWithin(inner: string, outer: string): boolean {
  const [a, b] = [parseIpv4Range(inner), parseIpv4Range(outer)];
  return a !== undefined && b !== undefined && a.first >= b.first && a.last <= b.last;
}
