// The ranges of Services' addresses and node ports: as numbers, so that an allocator can count in them.
import type { ClusterNetwork } from '../../base/cluster-network.ts';
import { type IpFamily, parseRange } from '../../base/ip.ts';
import { formatIpv4, parseIpv4Range } from '../../base/ipv4.ts';
import { AddressAllocator, type AddressAllocators } from './address-allocator.ts';
import { NumberAllocator, type NumberRange } from './number-allocator.ts';

/** Of the range's beginning, kept for addresses that people choose; upstream does the same. */
const MAX_STATIC_BAND = 256;
const MIN_PORT_BAND = 16;
const MAX_PORT_BAND = 128;

/** First and last address of `10.48.0.0/16` that a Service may have: network and broadcast address are not. */
export function usableRange(cidr: string): { first: number; last: number } {
  const range = parseIpv4Range(cidr);
  if (!range || range.prefix < 8 || range.prefix > 30) {
    throw new Error(`the range of Services must be an IPv4 range of /8 to /30, not ${cidr}`);
  }
  return { first: range.first + 1, last: range.last - 1 };
}

/** The address of Service `kubernetes`. */
export const firstServiceAddress = (cidr: string): string => formatIpv4(usableRange(cidr).first);

/** By family; the cluster's default comes first. */
export function addressAllocators(
  { serviceRange, ipv6 }: Pick<ClusterNetwork, 'serviceRange' | 'ipv6'>,
  random: () => number,
): AddressAllocators {
  const { first, last } = usableRange(serviceRange);
  const ipv4 = allocator(serviceRange, { first: 1, last: last - first + 1 }, random);
  const all: [IpFamily, AddressAllocator][] = [['IPv4', ipv4]];
  if (ipv6) all.push(['IPv6', ipv6Allocator(ipv6.serviceRange, random)]);
  return new Map(all);
}

/** Without the first, as upstream, which keeps all of the range's state: hence its bounds. */
function ipv6Allocator(cidr: string, random: () => number): AddressAllocator {
  const range = parseRange(cidr);
  if (range?.family !== 'IPv6' || range.prefix < 108 || range.prefix > 126) {
    throw new Error(`the second range of Services must be an IPv6 range of /108 to /126, not ${cidr}`);
  }
  return allocator(cidr, { first: 1, last: Number(range.last - range.first) }, random);
}

function allocator(cidr: string, usable: NumberRange, random: () => number): AddressAllocator {
  const range = parseRange(cidr);
  if (!range) throw new Error(`${cidr} is no range`);
  const size = usable.last - usable.first + 1;
  const band = Math.min(MAX_STATIC_BAND, Math.floor(size / 2));
  const dynamic = { first: usable.first + band, last: usable.last };
  return new AddressAllocator(range, usable, dynamic, random);
}

/** Of a range that has room for it, the beginning is kept for ports that people choose: as upstream, 16 to 128. */
export function nodePortAllocator(range: NumberRange, random: () => number): NumberAllocator {
  const size = range.last - range.first + 1;
  const band = Math.min(Math.max(MIN_PORT_BAND, Math.floor(size / 32)), MAX_PORT_BAND);
  const first = size > MIN_PORT_BAND ? range.first + band : range.first;
  return new NumberAllocator(range, { first, last: range.last }, random);
}
