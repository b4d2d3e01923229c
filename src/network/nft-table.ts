// Our first nft table of IPv4 as text, whole each time: nft applies it as one transaction. The second is of
// service-rules.ts, the first of IPv6 of ipv6/ipv6-table.ts. Pure.

import { isIPv4 } from 'node:net';
import { EVERY_ADDRESS } from '../base/ip.ts';
import { type DesiredNetwork, NFT_TABLE, SERVICE_LISTEN_ADDRESS, type VirtualPort } from './board-network.ts';
import { closedPorts } from './closed-ports.ts';
import { elements } from './nft-elements.ts';
import { type FamilyTables, ipv4Rules } from './rule-family.ts';
import { TUNNEL_DEVICE, TUNNEL_ID, TUNNEL_PORT } from './tunnel.ts';

export const ipv4Tables: FamilyTables = {
  family: ipv4Rules,
  render: renderTable,
  place: ({ podRange, serviceRange, podCIDR }) =>
    podCIDR === undefined
      ? undefined
      : { family: ipv4Rules, podRange, serviceRange, podCIDR, listenAddress: SERVICE_LISTEN_ADDRESS },
};

/**
 * - `source`: pods keep their own address towards other pods. Whatever else on the board masquerades what leaves it
 *   (a router's rule, the network that older agents had podman make), the first mapping wins: this one, to themselves.
 * - `leaving`: towards all others they have the board's. Nobody out there knows the way to a pod.
 * - `fromPods`, `fromBoard`: a Service's address and port become the local listener that stands for them. Only
 *   for this board's pods and the board itself: a Service address is nothing to the LAN.
 * - `external`, `own`: what the LAN may reach too, by an address that is not the board's (`externalIPs`), and by any
 *   that is (UDP node ports, whose answers must come from the address that was asked).
 * - `strayForwarded`, `strayLocal`: what no Service claims is refused at once; a ping stays without an answer.
 * - `shut…`: what a Service has of the board and of the LAN's addresses, and no endpoint takes, is refused too.
 * - `outsiders`: packets that are forwarded into pods come from pods and boards, or over a port that the board
 *   itself gave away (`hostPort`): a host of the LAN that adds a route reaches nothing. Answers pass.
 * - `clamp`, `tunnel`: TCP through the tunnel fits it from the first packet, and only boards send into it.
 * - `guard`: nobody reaches the listeners past the Service addresses.
 */
export function renderTable(desired: DesiredNetwork, hasTunnel = false): string {
  const { podRange, serviceRange, podCIDR } = desired;
  const virtualPorts = desired.virtualPorts.filter(({ ip, refuses }) => isIPv4(ip) && !refuses);
  const ofBoard = virtualPorts.filter(({ ip }) => ip === EVERY_ADDRESS);
  const byAddress = virtualPorts.filter(({ ip }) => ip !== EVERY_ADDRESS);
  const replace = [`table ip ${NFT_TABLE} {}`, `delete table ip ${NFT_TABLE}`];
  const place = ipv4Tables.place(desired);
  if (podCIDR === undefined || !place) return `${replace.join('\n')}\n`;
  const services = 'dnat ip addr . port to ip daddr . meta l4proto . th dport map @services';
  const external = `meta l4proto { tcp, udp } ${services.replace('@services', '@external')}`;
  const own =
    `fib daddr type local ip daddr != { 127.0.0.0/8, ${SERVICE_LISTEN_ADDRESS} } meta l4proto { tcp, udp }` +
    ' dnat ip addr . port to meta l4proto . th dport map @own';
  return `${replace.join('\n')}
table ip ${NFT_TABLE} {
  map services {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
${elements(byAddress.filter(({ isOpen }) => !isOpen).map(addressElement))}  }
  map external {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
${elements(byAddress.filter(({ isOpen }) => isOpen).map(addressElement))}  }
  map own {
    type inet_proto . inet_service : ipv4_addr . inet_service
${elements(ofBoard.map(portElement))}  }
  chain source {
    type nat hook postrouting priority 90; policy accept;
    ip saddr ${podCIDR} ip daddr ${podRange} snat ip prefix to ip saddr map { ${podCIDR} : ${podCIDR} }
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${podCIDR} ip daddr != { ${podRange}, 224.0.0.0/4 } masquerade
  }
  chain fromPods {
    type nat hook prerouting priority -110; policy accept;
    ip saddr ${podCIDR} ip daddr ${serviceRange} meta l4proto { tcp, udp } ${services}
    ${external}
    ${own}
  }
  chain fromBoard {
    type nat hook output priority -110; policy accept;
    ip daddr ${serviceRange} meta l4proto { tcp, udp } ${services}
    ${external}
    ${own}
  }
  chain strayForwarded {
    type filter hook forward priority filter; policy accept;
    ip daddr ${serviceRange} jump stray
  }
  chain strayLocal {
    type filter hook output priority filter; policy accept;
    ip daddr ${serviceRange} jump stray
  }
  chain stray {
    meta l4proto icmp drop
    meta l4proto tcp reject with tcp reset
    reject
  }
${closedPorts(place, desired)}  set boards {
    type ipv4_addr
${boards(desired)}  }
  chain outsiders {
    type filter hook forward priority filter; policy accept;
    ip daddr ${podCIDR} ip saddr != ${podRange} ip saddr != @boards ct state { new, untracked } ct status and dnat == 0 drop
  }
${hasTunnel ? CLAMP_CHAIN + TUNNEL_CHAIN : ''}  chain guard {
    type filter hook input priority filter; policy accept;
    ip daddr ${SERVICE_LISTEN_ADDRESS} iif != lo ct status and dnat == 0 drop
  }
}
`;
}

/** For a table of either family. */
export const CLAMP_CHAIN = `  chain clamp {
    type filter hook forward priority mangle; policy accept;
    oifname "${TUNNEL_DEVICE}" tcp flags syn tcp option maxseg size set rt mtu
  }
`;

/** The tunnel's number stands 12 bytes into UDP: another's VXLAN on the same port is not ours to refuse. */
const TUNNEL_CHAIN = `  chain tunnel {
    type filter hook input priority filter; policy accept;
    udp dport ${TUNNEL_PORT} @th,96,24 ${TUNNEL_ID} ip saddr != @boards drop
  }
`;

/** Those that a table of IPv4 can hold. */
function boards({ peers }: DesiredNetwork): string {
  const addresses = [...new Set(peers.map(({ address }) => address).filter(isIPv4))].sort();
  return addresses.length === 0 ? '' : `    elements = { ${addresses.join(', ')} }\n`;
}

function addressElement(port: VirtualPort): string {
  return `${port.ip} . ${portElement(port)}`;
}

function portElement({ protocol, port, localPort }: VirtualPort): string {
  return `${protocol} . ${port} : ${SERVICE_LISTEN_ADDRESS} . ${localPort}`;
}
