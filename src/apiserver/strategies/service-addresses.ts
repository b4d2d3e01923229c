// The address range of Services: as numbers, so that an allocator can count in it.
import { NumberAllocator } from './number-allocator.ts';

/** Of the range's beginning, kept for addresses that people choose; upstream does the same. */
const MAX_STATIC_BAND = 256;

export function addressToNumber(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function numberToAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** First and last address of `10.48.0.0/16` that a Service may have: network and broadcast address are not. */
export function usableRange(cidr: string): { first: number; last: number } {
  const [address = '', length = ''] = cidr.split('/');
  const base = addressToNumber(address);
  const bits = Number(length);
  if (base === undefined || !(bits >= 8 && bits <= 30)) {
    throw new Error(`the range of Services must be an IPv4 range of /8 to /30, not ${cidr}`);
  }
  const size = 2 ** (32 - bits);
  const start = base - (base % size);
  return { first: start + 1, last: start + size - 2 };
}

/** The address of Service `kubernetes`. */
export const firstServiceAddress = (cidr: string): string => numberToAddress(usableRange(cidr).first);

export function addressAllocator(cidr: string, random: () => number): NumberAllocator {
  const range = usableRange(cidr);
  const size = range.last - range.first + 1;
  const band = Math.min(MAX_STATIC_BAND, Math.floor(size / 2));
  return new NumberAllocator(range, { first: range.first + band, last: range.last }, random);
}
