// Addresses of the board, routes to other boards' pods and neighbours behind the tunnel, all of IPv6: what there should
// be against what is there, as lines for `ip -6 -batch`. Pure.
import type { DesiredNetwork, Peer } from '../board-network.ts';
import type { DeviceAddresses } from '../ip-listing.ts';
import { type Route, routeChanges } from '../routes.ts';
import { endOf, routeTo, TUNNEL_DEVICE } from '../tunnel.ts';
import { boardAddress, isOurs, linkLocal } from './ipv6-addresses.ts';

interface BoardAddress {
  dev: string;
  local: string;
  prefix: number;
}

export interface Ipv6Ways {
  addresses: BoardAddress[];
  routes: Route[];
  /** What the wire cannot tell: the ends of the tunnel. */
  neighbours: { address: string; mac: string }[];
}

/** What IPv4 has found out: who is reached by the tunnel, and by which devices the others are. */
export interface Ways {
  /** Empty where there is no tunnel. */
  tunnelled: readonly Peer[];
  routes: readonly Route[];
  /** Those that have the board's own address. */
  lanDevices: readonly string[];
}

export const nothingThere: Ipv6Ways = { addresses: [], routes: [], neighbours: [] };

/** Without a device that leads to a peer there is no way to its pods either. */
export function desiredWays({ ipv6, address, peers }: DesiredNetwork, ways: Ways): Ipv6Ways {
  if (!ipv6) return nothingThere;
  const own = boardAddress(ipv6.podCIDR);
  const onLan = address ? linkLocal(address) : undefined;
  const tunnelled = peers.filter((peer) => ways.tunnelled.includes(peer));
  return {
    addresses: [
      { dev: 'lo', local: own, prefix: 128 },
      ...(onLan ? ways.lanDevices.map((dev) => ({ dev, local: onLan, prefix: 64 })) : []),
    ],
    routes: [
      { dst: ipv6.serviceRange, dev: 'lo', prefsrc: own },
      ...peers.flatMap((peer) => routeToPods(peer, own, ways) ?? []),
    ],
    neighbours: tunnelled.flatMap((peer) => {
      const end = linkLocal(peer.address);
      return end ? [{ address: end, mac: endOf(peer).mac }] : [];
    }),
  };
}

function routeToPods(peer: Peer, own: string, { tunnelled, routes }: Ways): Route | undefined {
  const gateway = linkLocal(peer.address);
  const dev = tunnelled.includes(peer) ? TUNNEL_DEVICE : routeTo(peer.address, routes)?.dev;
  if (!peer.podCIDRv6 || !gateway || !dev) return undefined;
  return { dst: peer.podCIDRv6, gateway, dev, prefsrc: own };
}

export interface ObservedWays {
  devices: readonly DeviceAddresses[];
  /** Those that carry our mark. */
  routes: readonly Route[];
}

/** Routes go before addresses that they speak of, and come after. */
export function wayCommands(desired: Ipv6Ways, observed: ObservedWays): string[] {
  const present = observed.devices.flatMap(({ ifname, addr_info = [] }) =>
    addr_info.flatMap(({ local = '', prefixlen = 0 }) =>
      isOurs(local) ? [{ dev: ifname, local, prefix: prefixlen }] : [],
    ),
  );
  const spare = present.filter(
    (address) => !desired.addresses.some((other) => isSameAddress(address, other)),
  );
  const missing = desired.addresses.filter(
    (address) => !present.some((other) => isSameAddress(address, other)),
  );
  const { gone, changed } = routeChanges(desired.routes, observed.routes);
  return [
    ...gone.map((words) => words.join(' ')),
    ...spare.map(({ dev, local, prefix }) => `address delete ${local}/${prefix} dev ${dev}`),
    // Nobody else has them: to ask around first would keep them from being used for a second.
    ...missing.map(({ dev, local, prefix }) => `address add ${local}/${prefix} dev ${dev} nodad`),
    ...desired.neighbours.map(
      ({ address, mac }) => `neighbour replace ${address} lladdr ${mac} dev ${TUNNEL_DEVICE} nud permanent`,
    ),
    ...changed.map((words) => words.join(' ')),
  ];
}

const isSameAddress = (a: BoardAddress, b: BoardAddress) => a.dev === b.dev && a.local === b.local;
