// IPv4 addresses and ranges as numbers: counted in, compared, given out and written back.

export interface Ipv4Range {
  /** The network's own address. */
  first: number;
  /** The broadcast address. */
  last: number;
  /** Length of the prefix, 0 to 32. */
  prefix: number;
}

/** `undefined` for what is no dotted quad; leading zeros, which some read as octal, are not taken. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  const isByte = (part: string) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256;
  if (parts.length !== 4 || !parts.every(isByte)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** Reads `10.40.0.0/13`, and an address alone as a range of one; `undefined` for anything else, such as `default`. */
export function parseIpv4Range(text: string): Ipv4Range | undefined {
  const [addressText = '', prefixText = '32', ...more] = text.split('/');
  const address = parseIpv4(addressText);
  const prefix = /^\d{1,2}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (address === undefined || more.length > 0 || !(prefix <= 32)) return undefined;
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1, prefix };
}
