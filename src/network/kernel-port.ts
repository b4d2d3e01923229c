// A way into a Service that the kernel forwards by itself, as plain facts.

export interface EndpointAddress {
  ip: string;
  port: number;
}

type Policy = 'Cluster' | 'Local';

export interface KernelPort {
  /** 0.0.0.0 = every address of the board, and :: of the other family. */
  ip: string;
  protocol: 'tcp' | 'udp';
  port: number;
  /** For the LAN too, not only for pods and the board. */
  isOpen: boolean;
  /** The board has the address: what no endpoint takes is refused instead of sent on. */
  isOwn: boolean;
  /** Ways with the same backend share their endpoints, and which client had which. */
  backend: string;
  /** For pods and the board itself, and for others: endpoints of all boards, or of this one. */
  insiders: Policy;
  outsiders: Policy;
  /** CIDRs of those who may come in; empty = everybody. */
  sourceRanges: readonly string[];
  endpoints: Record<Policy, readonly EndpointAddress[]>;
  /** How long a client keeps its endpoint after its last connection; absent = not at all. */
  affinityS?: number;
}

/** Of whichever policy: one of this board may be meant for the clients of others alone. */
export function allEndpoints({ endpoints }: Pick<KernelPort, 'endpoints'>): EndpointAddress[] {
  return [...endpoints.Cluster, ...endpoints.Local];
}
