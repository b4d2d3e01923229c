// The ranges of Services' addresses and node ports: as numbers, so that an allocator can count in them.
import { formatIpv4, parseIpv4Range } from '../../base/ipv4.ts';
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

export function addressAllocator(cidr: string, random: () => number): NumberAllocator {
  const range = usableRange(cidr);
  const size = range.last - range.first + 1;
  const band = Math.min(MAX_STATIC_BAND, Math.floor(size / 2));
  return new NumberAllocator(range, { first: range.first + band, last: range.last }, random);
}

/** Of a range that has room for it, the beginning is kept for ports that people choose: as upstream, 16 to 128. */
export function nodePortAllocator(range: NumberRange, random: () => number): NumberAllocator {
  const size = range.last - range.first + 1;
  const band = Math.min(Math.max(MIN_PORT_BAND, Math.floor(size / 32)), MAX_PORT_BAND);
  const first = size > MIN_PORT_BAND ? range.first + band : range.first;
  return new NumberAllocator(range, { first, last: range.last }, random);
}
