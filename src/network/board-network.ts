// What of a board's network belongs to the cluster, as plain facts: the input of every pure decision here.
import type { EndpointAddress, KernelPort } from './kernel-port.ts';
import type { FamilyName } from './rule-family.ts';

/** The board's own address behind which Service ports listen: link-local, so that it is nobody else's. */
export const SERVICE_LISTEN_ADDRESS = '169.254.48.1';
/** Marks our routes (`ip route … proto`), so that we find and remove ours and no others. */
export const ROUTE_PROTOCOL = '148';
export const NFT_TABLE = 'edge_cluster';
/** Of boards whose kernel forwards Services by itself. */
export const NFT_SERVICES_TABLE = 'edge_services';

export interface Peer {
  /** Address on the LAN. */
  address: string;
  podCIDR: string;
  /** Of the second family; absent where the board has none. */
  podCIDRv6?: string;
}

/** Address and port of a Service, and the local port that stands for it. */
export interface VirtualPort {
  /** 0.0.0.0 = every address of the board, and :: every one of IPv6. */
  ip: string;
  protocol: 'tcp' | 'udp';
  port: number;
  localPort: number;
  /** For the LAN too, not only for pods and the board. */
  isOpen?: boolean;
  /** Leads nowhere: nobody serves those who come. Pods and the board itself are no outsiders. */
  refuses?: 'everybody' | 'outsiders';
}

/** Where a listener is reached. */
export interface Place {
  ip: string;
  port: number;
}

/** Where the cluster has second addresses and this board its share of them. */
export interface DesiredIpv6 {
  podRange: string;
  serviceRange: string;
  podCIDR: string;
}

export interface DesiredNetwork {
  podRange: string;
  serviceRange: string;
  /** This board's share of the pod range; `undefined` until the master has given one. */
  podCIDR: string | undefined;
  /** Absent: neither pods nor Services have IPv6 addresses here. */
  ipv6?: DesiredIpv6;
  /** This board's own, by which its peers know it. */
  address?: string | undefined;
  /** The other boards. */
  peers: readonly Peer[];
  virtualPorts: readonly VirtualPort[];
  /** A TCP port of the cluster that answers on each board by way of `virtualPorts`; absent = none does now. */
  probe?: Place;
  /** What the kernel is to forward by itself; absent = it forwards no Services. */
  kernelPorts?: readonly KernelPort[];
  /** Families of which nobody has told yet what to forward: the rules that an earlier agent left go on. */
  untold?: readonly FamilyName[];
  /** Endpoints that are no more, to which connections of the kernel's may still lead. */
  goneEndpoints?: readonly EndpointAddress[];
}

/** Something on the board that keeps pods or Services from being reached. */
export interface NetworkProblem {
  reason: string;
  message: string;
  /** What a person can do. */
  mend: string;
  /** Pods of this board cannot do their work: nothing new should be placed here. */
  isBlocking: boolean;
}
