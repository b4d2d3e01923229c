// The addresses that a board has of IPv6 in the cluster's name. All follow from what each board knows of every other:
// its pod range and its IPv4 address. So nothing more has to be reported, and a LAN without an IPv6 router will do.
// Pure.
import { addressAt, formatIp, parseIp } from '../../base/ip.ts';

/** Beyond what pods get, which count from the range's beginning as their IPv4 addresses do. */
const BOARD_INDEX = 0x00ec_0000_0000_0001n;
/** fe80::ed:0:0, of which the last 32 bits are the board's IPv4 address. */
const LINK_LOCAL = 0xfe80_0000_0000_0000_0000_00ed_0000_0000n;
const LOW_64 = (1n << 64n) - 1n;
const LOW_32 = (1n << 32n) - 1n;

/** On `lo`: Service ports listen there, and the board speaks to pods of other boards by it. */
export function boardAddress(podCIDR: string): string {
  const address = addressAt(podCIDR, BOARD_INDEX);
  if (!address) throw new Error(`${podCIDR} is no board's share of an IPv6 range, such as fd00:10:40:1::/64`);
  return address;
}

/** On the LAN, where other boards send what is for this one's pods; `undefined` for what is no IPv4 address. */
export function linkLocal(address: string): string | undefined {
  const ip = parseIp(address);
  if (ip?.family !== 'IPv4') return undefined;
  return formatIp({ family: 'IPv6', value: LINK_LOCAL | ip.value });
}

/** Whether an address is one of the two, of whatever range and board. */
export function isOurs(address: string): boolean {
  const ip = parseIp(address);
  if (ip?.family !== 'IPv6') return false;
  return (ip.value & LOW_64) === BOARD_INDEX || (ip.value & ~LOW_32) === LINK_LOCAL;
}
