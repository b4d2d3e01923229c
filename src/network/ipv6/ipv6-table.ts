// Our first nft table of IPv6 as text, whole each time: the same promises as the one of IPv4 (nft-table.ts), which
// lists them. Pure.

import { isIPv6 } from 'node:net';
import { EVERY_ADDRESS_V6 } from '../../base/ip.ts';
import { type DesiredNetwork, NFT_TABLE, type VirtualPort } from '../board-network.ts';
import { closedPorts } from '../closed-ports.ts';
import { elements } from '../nft-elements.ts';
import { CLAMP_CHAIN } from '../nft-table.ts';
import { type FamilyTables, ipv6Rules } from '../rule-family.ts';
import { boardAddress } from './ipv6-addresses.ts';

export const ipv6Tables: FamilyTables = {
  family: ipv6Rules,
  render: renderIpv6Table,
  place: ({ ipv6 }) => ipv6 && { family: ipv6Rules, ...ipv6, listenAddress: boardAddress(ipv6.podCIDR) },
};

const BY_PORT = 'type inet_proto . inet_service : ipv6_addr . inet_service';
const BY_ADDRESS = BY_PORT.replace('type ', 'type ipv6_addr . ');

/**
 * - `source`: pods keep their own address towards other pods, and take the board's towards everybody else: nobody
 *   beyond the cluster knows the way back to theirs.
 * - `own`: what is sent to any address of the board's but its loopback, link-local ones among them.
 * - `strayArrived`: before the kernel looks for a way, because of IPv6 it takes a way to `lo` for none.
 * - `outsiders`: what is forwarded into pods comes from pods and, by addresses of the same range, from boards.
 */
export function renderIpv6Table(desired: DesiredNetwork, hasTunnel: boolean): string {
  const { ipv6, virtualPorts } = desired;
  const replace = `table ip6 ${NFT_TABLE} {}\ndelete table ip6 ${NFT_TABLE}\n`;
  const place = ipv6Tables.place(desired);
  if (!ipv6 || !place) return replace;
  const { podRange, serviceRange, podCIDR } = ipv6;
  const board = boardAddress(podCIDR);
  const ports = virtualPorts.filter(({ ip, refuses }) => isIPv6(ip) && !refuses);
  const ofBoard = ports.filter(({ ip }) => ip === EVERY_ADDRESS_V6);
  const byAddress = ports.filter(({ ip }) => ip !== EVERY_ADDRESS_V6);
  const asked = 'meta l4proto . th dport';
  const to = 'meta l4proto { tcp, udp } dnat ip6 addr . port to';
  const dnat = `${to} ip6 daddr . ${asked} map`;
  const own = `fib daddr type local ip6 daddr != { ::1, ${board} } ${to} ${asked} map @own`;
  return `${replace}table ip6 ${NFT_TABLE} {
  map services {
    ${BY_ADDRESS}
${elements(byAddress.filter(({ isOpen }) => !isOpen).map((port) => addressElement(port, board)))}  }
  map external {
    ${BY_ADDRESS}
${elements(byAddress.filter(({ isOpen }) => isOpen).map((port) => addressElement(port, board)))}  }
  map own {
    ${BY_PORT}
${elements(ofBoard.map((port) => portElement(port, board)))}  }
  chain source {
    type nat hook postrouting priority 90; policy accept;
    ip6 saddr ${podCIDR} ip6 daddr ${podRange} snat ip6 prefix to ip6 saddr map { ${podCIDR} : ${podCIDR} }
    ip6 saddr ${podCIDR} ip6 daddr != ff00::/8 masquerade
  }
  chain fromPods {
    type nat hook prerouting priority -110; policy accept;
    ip6 saddr ${podCIDR} ip6 daddr ${serviceRange} ${dnat} @services
    ${dnat} @external
    ${own}
  }
  chain fromBoard {
    type nat hook output priority -110; policy accept;
    ip6 daddr ${serviceRange} ${dnat} @services
    ${dnat} @external
    ${own}
  }
  chain strayArrived {
    type filter hook prerouting priority -90; policy accept;
    ip6 daddr ${serviceRange} jump stray
  }
  chain strayLocal {
    type filter hook output priority filter; policy accept;
    ip6 daddr ${serviceRange} jump stray
  }
  chain stray {
    meta l4proto ipv6-icmp drop
    meta l4proto tcp reject with tcp reset
    reject
  }
${closedPorts(place, desired)}  chain outsiders {
    type filter hook forward priority filter; policy accept;
    ip6 daddr ${podCIDR} ip6 saddr != ${podRange} ct state { new, untracked } ct status and dnat == 0 drop
  }
${hasTunnel ? CLAMP_CHAIN : ''}  chain guard {
    type filter hook input priority filter; policy accept;
    ip6 daddr ${board} iif != lo ct state { new, untracked } ct status and dnat == 0 drop
  }
}
`;
}

function addressElement(port: VirtualPort, board: string): string {
  return `${port.ip} . ${portElement(port, board)}`;
}

function portElement({ protocol, port, localPort }: VirtualPort, board: string): string {
  return `${protocol} . ${port} : ${board} . ${localPort}`;
}
