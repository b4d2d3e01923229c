// Addresses and ranges of both families as numbers: counted in, compared, given out and written back. Those who meet
// IPv4 alone, and often, take ipv4.ts.
import { isIPv6 } from 'node:net';
import { formatIpv4, parseIpv4 } from './ipv4.ts';

/** Stands for every address of a machine, and of IPv6. */
export const EVERY_ADDRESS = '0.0.0.0';
export const EVERY_ADDRESS_V6 = '::';

export type IpFamily = 'IPv4' | 'IPv6';

export interface Ip {
  family: IpFamily;
  value: bigint;
}

export interface IpRange {
  family: IpFamily;
  first: bigint;
  last: bigint;
  /** Length of the prefix: 0 to 32, or to 128. */
  prefix: number;
}

const GROUP_BITS = 16n;
const GROUPS = 8;
/** Of an address. */
export const bitsOf = (family: IpFamily): number => (family === 'IPv4' ? 32 : 128);

/** `undefined` for what is no address; one with a zone (`fe80::1%eth0`) is none either. */
export function parseIp(text: string): Ip | undefined {
  const v4 = parseIpv4(text);
  if (v4 !== undefined) return { family: 'IPv4', value: BigInt(v4) };
  return isIPv6(text) && !text.includes('%') ? { family: 'IPv6', value: ipv6Value(text) } : undefined;
}

export const familyOf = (text: string): IpFamily | undefined => parseIp(text)?.family;

/** IPv6 in the one form that RFC 5952 recommends. */
export function formatIp({ family, value }: Ip): string {
  return family === 'IPv4' ? formatIpv4(Number(value)) : formatIpv6(value);
}

/** A host's name or address as it stands before a port or a path: IPv6 in brackets (RFC 3986, 3.2.2). */
export function urlHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** An address of IPv6 as formatIp writes it: people may spell one in many ways. All else as it is. */
export function canonicalIp(text: string): string {
  const ip = text.includes(':') ? parseIp(text) : undefined;
  return ip ? formatIp(ip) : text;
}

/** Reads `10.40.0.0/13` and `fd00::/48`, and an address alone as a range of one; `undefined` for anything else. */
export function parseRange(text: string): IpRange | undefined {
  const [addressText = '', prefixText, ...more] = text.split('/');
  const address = parseIp(addressText);
  if (!address || more.length > 0) return undefined;
  const { family, value } = address;
  const bits = bitsOf(family);
  const prefix =
    prefixText === undefined ? bits : /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : bits + 1;
  if (prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const first = value - (value % size);
  return { family, first, last: first + size - 1n, prefix };
}

/** Of an address, or of all of a range. False as well for what cannot be read, or is of another family. */
export function isInRange(one: string, range: string): boolean {
  const [inner, outer] = [parseRange(one), parseRange(range)];
  if (!inner || !outer || inner.family !== outer.family) return false;
  return outer.first <= inner.first && inner.last <= outer.last;
}

export function isWithin(ip: Ip | undefined, range: IpRange | undefined): boolean {
  if (!ip || !range || ip.family !== range.family) return false;
  return range.first <= ip.value && ip.value <= range.last;
}

/** Of two ranges or addresses. False as well when one of the texts is none, or the families differ. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [parseRange(one), parseRange(other)];
  if (!a || !b || a.family !== b.family) return false;
  return a.first <= b.last && b.first <= a.last;
}

/** The `index`-th address of a range, counted from 0; `undefined` for what is no range or beyond it. */
export function addressAt(range: string, index: bigint): string | undefined {
  const parsed = parseRange(range);
  if (!parsed || parsed.first + index > parsed.last) return undefined;
  return formatIp({ family: parsed.family, value: parsed.first + index });
}

function ipv6Value(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const missing = new Array<bigint>(tail === undefined ? 0 : GROUPS - before.length - after.length).fill(0n);
  return [...before, ...missing, ...after].reduce((sum, group) => (sum << GROUP_BITS) | group, 0n);
}

/** The last 32 bits may stand there as an IPv4 address. */
function groupsOf(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    const quad = parseIpv4(part);
    if (quad === undefined) return [BigInt(`0x${part}`)];
    return [BigInt(quad) >> GROUP_BITS, BigInt(quad) & 0xffffn];
  });
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: GROUPS }, (_, i) =>
    ((value >> (GROUP_BITS * BigInt(GROUPS - 1 - i))) & 0xffffn).toString(16),
  );
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
