// The address plan: one place for the ranges that master, agents and tests agree on.

export interface ClusterNetwork {
  /** All pods of the cluster. */
  podRange: string;
  /** Prefix length of one board's share: /23 = 509 pods a board, 1,024 boards in a /13. */
  nodePrefix: number;
  serviceRange: string;
  /** Where the cluster's DNS will answer. */
  dnsAddress: string;
  nodePorts: { first: number; last: number };
}

export const defaultClusterNetwork: ClusterNetwork = {
  podRange: '10.40.0.0/13',
  nodePrefix: 23,
  serviceRange: '10.48.0.0/16',
  dnsAddress: '10.48.0.10',
  nodePorts: { first: 30000, last: 32767 },
};
