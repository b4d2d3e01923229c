// What a board's pods are plugged into and with what, as `ip` sees it: what there should be against what there is, as
// lines for `ip -batch`. Pure.
import { addressAt } from '../../../base/ip.ts';
import { formatIpv4, parseIpv4, parseIpv4Range } from '../../../base/ipv4.ts';
import { RuntimeError } from '../runtime.ts';

/** An interface as `ip -json -details address show` prints it. */
export interface Link {
  ifname: string;
  /** MAC address. */
  address?: string;
  /** Name of the bridge that it is a port of. */
  master?: string;
  flags: readonly string[];
  linkinfo?: { info_kind?: string };
  addr_info: readonly { family: string; local: string; prefixlen: number }[];
}

/**
 * Makes of `links` the bridge `name` with the first address of `range`. Its MAC address is always one that was set: a
 * bridge takes the lowest of its ports' unless told, so it would change as pods come and go, and pods that knew the old
 * one would reach nothing outside the board until they asked again, up to a minute later.
 * Cables of pods whose bridge somebody removed are put on it again.
 * Throws where something else has the name, or where pods are still on a bridge of another range.
 */
export function bridgeLines(name: string, range: string, links: readonly Link[]): string[] {
  const address = `${gatewayOf(range)}/${prefixOf(range)}`;
  const present = links.find(({ ifname }) => ifname === name);
  const up = `link set ${name} up`;
  if (!present) {
    const mac = macOf(gatewayOf(range));
    const loose = links.filter(isLooseCable).map(({ ifname }) => `link set ${ifname} master ${name}`);
    return [
      `link add ${name} address ${mac} type bridge`,
      `address add ${address} dev ${name}`,
      up,
      ...loose,
    ];
  }
  if (present.linkinfo?.info_kind !== 'bridge') throw failure(`${name} is there and no bridge: remove it`);
  const pinned = `link set ${name} address ${present.address}`;
  const own = present.addr_info.filter(({ family }) => family === 'inet').map(written);
  if (own.includes(address)) return [pinned, up];
  const hasPorts = links.some(({ master }) => master === name);
  if (hasPorts && own.length > 0)
    throw failure(`the bridge ${name} has ${own.join(', ')} instead of ${address} while pods are on it`);
  return [`address flush dev ${name}`, pinned, `address add ${address} dev ${name}`, up];
}

/** The board as one speaks of it from within a pod. */
export interface BoardEnd {
  /** A process in the board's network namespace. */
  pid: number;
  /** The bridge's number there. */
  bridgeIndex: number;
}

/**
 * In the pod: `eth0`, whose other end is a port of the bridge on the board. What is there has no name from here: `if7`
 * is iproute2's word for number 7.
 */
export function cableLine(ip: string, { pid, bridgeIndex }: BoardEnd): string {
  const far = `link add ${cableName(ip)} netns ${pid} master if${bridgeIndex} up type veth`;
  return `${far} peer name eth0 address ${macOf(ip)}`;
}

/** The number of a device that is up, by the text of `/proc/net/igmp`; `undefined` = it has no such device. */
export function linkIndex(igmp: string, device: string): number | undefined {
  for (const line of igmp.split('\n')) {
    const [, index, name] = /^(\d+)\s+(\S+)\s*:/.exec(line) ?? [];
    if (name === device) return Number(index);
  }
  return undefined;
}

/** In the pod: its address, and its way to all that is outside the board's range. */
export function podLines(ip: string, range: string): string[] {
  return [
    `address add ${ip}/${prefixOf(range)} dev eth0`,
    'link set lo up',
    'link set eth0 up',
    `route add default via ${gatewayOf(range)}`,
  ];
}

/** Nobody else has these addresses: to ask around first would keep them from being used for a second. */
export function bridgeLineV6(name: string, range: string): string {
  return `address replace ${gatewayV6(range)}/${prefixV6(range)} dev ${name} nodad`;
}

export function podLinesV6(ip: string, range: string): string[] {
  return [
    `address add ${ip}/${prefixV6(range)} dev eth0 nodad`,
    `route add ::/0 via ${gatewayV6(range)} dev eth0`,
  ];
}

const prefixV6 = (range: string) => range.split('/')[1];

function gatewayV6(range: string): string {
  const address = addressAt(range, 1n);
  if (address) return address;
  throw failure(`${range} is not an IPv6 range such as fd00:10:40:1::/64`);
}

/** The board's end, at most 15 characters: the kernel itself sees to it that no two pods have one address. */
export function cableName(ip: string): string {
  return `edge-${hexBytes(parseIpv4(ip) ?? 0).join('')}`;
}

function isLooseCable({ ifname, master, linkinfo }: Link): boolean {
  return /^edge-[0-9a-f]{8}$/.test(ifname) && linkinfo?.info_kind === 'veth' && master === undefined;
}

/** Whether the text of `/proc/…/net/route` has a route for `destination` over the interface. */
export function hasRoute(routes: string, device: string, destination: string): boolean {
  const { first, prefix } = rangeOf(destination);
  const wanted = [device, kernelHex(first), kernelHex(2 ** 32 - 2 ** (32 - prefix))];
  return routes.split('\n').some((line) => {
    const [iface, target, , , , , , mask] = line.trim().split(/\s+/);
    return [iface, target, mask].join() === wanted.join();
  });
}

/** First address of the range, which the board itself has on the bridge: 10.40.2.1 of 10.40.2.0/23. */
export function gatewayOf(range: string): string {
  return formatIpv4(rangeOf(range).first + 1);
}

/** Follows from the address: who meets it again in another pod knows its MAC address already. */
function macOf(ip: string): string {
  return ['0a:58', ...hexBytes(parseIpv4(ip) ?? 0)].join(':');
}

/** The kernel prints addresses in these files as it has them in memory, the last byte first on all boards of ours. */
const kernelHex = (address: number) => hexBytes(address).reverse().join('').toUpperCase();

const hexBytes = (address: number) =>
  formatIpv4(address)
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'));

const prefixOf = (range: string) => rangeOf(range).prefix;
const written = ({ local, prefixlen }: Link['addr_info'][number]) => `${local}/${prefixlen}`;

function rangeOf(range: string) {
  const parsed = parseIpv4Range(range);
  if (parsed) return parsed;
  throw failure(`${range} is not an IPv4 range such as 10.40.2.0/23`);
}

function failure(message: string): RuntimeError {
  return new RuntimeError('CreatePodSandboxError', message);
}
