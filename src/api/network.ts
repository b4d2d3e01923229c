// A network in CIDR notation, as objects write it: `10.9.8.0/24` or `2001:db8::/64`.
import { BlockList, isIPv4 } from 'node:net';
import { isAddress } from './special-addresses.ts';

export interface Network {
  address: string;
  /** Bits of the mask. */
  prefix: number;
  /** Whether an address of the same family lies in it; false for the other family. */
  contains(address: string): boolean;
}

/** `undefined` for text that is no network. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', bits = '', ...more] = text.split('/');
  if (more.length > 0 || !isAddress(address) || !/^\d{1,3}$/.test(bits)) return undefined;
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const prefix = Number(bits);
  if (prefix > (family === 'ipv4' ? 32 : 128)) return undefined;
  const block = new BlockList();
  block.addSubnet(address, prefix, family);
  const contains = (other: string) => isIPv4(other) === isIPv4(address) && block.check(other, family);
  return { address, prefix, contains };
}
