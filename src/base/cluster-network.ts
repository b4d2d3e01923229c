// The address plan: the master is told it by flags and tells its boards the ranges; all else follows from them.
import { formatIpv4, parseIpv4Range } from './ipv4.ts';

/** What pods have their addresses of, of one family. */
export interface PodPlan {
  /** All pods of the cluster. */
  podRange: string;
  /** Prefix length of one board's share: /23 = 509 pods a board, 1,024 boards in a /13. */
  nodePrefix: number;
}

export interface ClusterNetwork extends PodPlan {
  serviceRange: string;
  nodePorts: { first: number; last: number };
  /** Second addresses of pods and Services; absent = they have IPv4 alone. */
  ipv6?: Ipv6Network;
}

export interface Ipv6Network extends PodPlan {
  serviceRange: string;
}

export const defaultClusterNetwork: ClusterNetwork = {
  podRange: '10.40.0.0/13',
  nodePrefix: 23,
  serviceRange: '10.48.0.0/16',
  nodePorts: { first: 30000, last: 32767 },
};

/** As kubeadm has it: the tenth of the range of Services, in which `kubernetes` has the first. */
const DNS_INDEX = 10;

/** Where the cluster's DNS answers. Throws on what is no range. */
export function dnsAddressOf(serviceRange: string): string {
  const range = parseIpv4Range(serviceRange);
  if (!range)
    throw new Error(`${serviceRange} is no IPv4 range such as ${defaultClusterNetwork.serviceRange}`);
  return formatIpv4(range.first + DNS_INDEX);
}
