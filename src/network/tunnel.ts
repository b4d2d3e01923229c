// VXLAN to boards that are not on this board's LAN: who needs it, and what the kernel must know for it. Nothing is
// learnt from the wire: each end's hardware address follows from its pod range, so that all boards agree without
// asking. Pure. https://www.kernel.org/doc/html/latest/networking/vxlan.html
import { isIPv4 } from 'node:net';
import { parseIpv4, parseIpv4Range } from '../base/ipv4.ts';
import type { DesiredNetwork, Peer } from './board-network.ts';
import type { Route } from './routes.ts';

export const TUNNEL_DEVICE = 'edge-vxlan';
export const TUNNEL_ID = 148;
/** IANA's; docs/ports.md says who may reach it. */
export const TUNNEL_PORT = 4789;
/** IPv4, UDP, VXLAN and the inner Ethernet head. */
export const TUNNEL_OVERHEAD_BYTES = 50;
const USUAL_MTU_BYTES = 1500;

/** As `ip -json -details link show` prints it. */
export interface Link {
  ifname: string;
  mtu: number;
  address?: string;
  linkinfo?: { info_kind?: string; info_data?: { id?: number; local?: string; port?: number } };
}

export interface TunnelEnd {
  /** Inside: the first address of the board's pods, which no pod has. */
  inner: string;
  mac: string;
  /** On its LAN. */
  outer: string;
}

export interface Tunnel {
  own: TunnelEnd;
  mtuBytes: number;
  peers: readonly TunnelEnd[];
}

/** Peers to which the way goes over a router. An address that no route leads to is left to the LAN. */
export function distantPeers(peers: readonly Peer[], routes: readonly Route[]): Peer[] {
  return peers.filter(({ address }) => routeTo(address, routes)?.gateway !== undefined);
}

/** `undefined` where every peer is on the LAN, or this board does not know its own place yet. */
export function desiredTunnel(
  { address, podCIDR }: DesiredNetwork,
  distant: readonly Peer[],
  routes: readonly Route[],
  links: readonly Link[],
): Tunnel | undefined {
  if (!podCIDR || !address || !isIPv4(address) || distant.length === 0) return undefined;
  const devices = new Set(distant.map((peer) => routeTo(peer.address, routes)?.dev));
  const mtus = links.filter(({ ifname }) => devices.has(ifname)).map(({ mtu }) => mtu);
  return {
    own: endOf({ address, podCIDR }),
    mtuBytes: Math.min(USUAL_MTU_BYTES, ...mtus) - TUNNEL_OVERHEAD_BYTES,
    peers: distant.map(endOf),
  };
}

export function endOf({ address, podCIDR }: Peer): TunnelEnd {
  const inner = podCIDR.slice(0, podCIDR.indexOf('/'));
  const octets = inner.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  // The second bit of the first octet says: given locally, unlike any maker's.
  return { inner, mac: ['0e', 'ed', ...octets].join(':'), outer: address };
}

/** Lines for `ip -batch`: the device as it should be; none where it is. */
export function deviceCommands(wanted: Tunnel | undefined, present: Link | undefined): string[] {
  const remove = present ? [`link delete ${TUNNEL_DEVICE}`] : [];
  if (!wanted) return remove;
  if (present && isSame(wanted, present)) return [];
  const { own, mtuBytes } = wanted;
  return [
    ...remove,
    `link add ${TUNNEL_DEVICE} address ${own.mac} mtu ${mtuBytes} type vxlan id ${TUNNEL_ID} dstport ${TUNNEL_PORT} local ${own.outer} nolearning`,
    `address add ${own.inner}/32 dev ${TUNNEL_DEVICE}`,
    `link set ${TUNNEL_DEVICE} up`,
  ];
}

function isSame({ own, mtuBytes }: Tunnel, { address, mtu, linkinfo }: Link): boolean {
  const { id, local, port } = linkinfo?.info_data ?? {};
  const isOurs = id === TUNNEL_ID && port === TUNNEL_PORT && linkinfo?.info_kind === 'vxlan';
  return isOurs && local === own.outer && address === own.mac && mtu === mtuBytes;
}

/** Lines for `ip -batch` and `bridge -batch`: where each end is. Said again they change nothing. */
export function peerCommands({ peers }: Tunnel): { ip: string[]; bridge: string[] } {
  return {
    ip: peers.map(
      ({ inner, mac }) => `neighbour replace ${inner} lladdr ${mac} dev ${TUNNEL_DEVICE} nud permanent`,
    ),
    bridge: peers.map(
      ({ mac, outer }) => `fdb replace ${mac} dev ${TUNNEL_DEVICE} dst ${outer} self permanent`,
    ),
  };
}

/** The one with the longest prefix, as the kernel chooses. */
export function routeTo(address: string, routes: readonly Route[]): Route | undefined {
  const target = parseIpv4(address);
  if (target === undefined) return undefined;
  let best: { route: Route; prefix: number } | undefined;
  for (const route of routes) {
    const range = parseIpv4Range(route.dst === 'default' ? '0.0.0.0/0' : route.dst);
    if (!range || target < range.first || target > range.last) continue;
    if (!best || range.prefix > best.prefix) best = { route, prefix: range.prefix };
  }
  return best?.route;
}
