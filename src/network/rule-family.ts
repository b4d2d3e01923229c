// What tells our rules of one family from those of the other: all else about them is the same.
import { EVERY_ADDRESS, EVERY_ADDRESS_V6 } from '../base/ip.ts';
import type { DesiredNetwork } from './board-network.ts';

/** Names as nft has them, of tables and of what packets are matched by. */
export type FamilyName = 'ip' | 'ip6';

export interface RuleFamily {
  name: FamilyName;
  addressType: 'ipv4_addr' | 'ipv6_addr';
  /** Stands for every address of the board. */
  any: string;
  /** What is sent to them, or by them, stays with the sockets: it cannot be sent on. */
  unled: readonly string[];
  /** As the program `conntrack` has it. */
  tracks: 'ipv4' | 'ipv6';
}

/** Loopback leaves no trace of the way back. */
export const ipv4Rules: RuleFamily = {
  name: 'ip',
  addressType: 'ipv4_addr',
  any: EVERY_ADDRESS,
  unled: ['127.0.0.0/8'],
  tracks: 'ipv4',
};

/** Nor does a kernel forward what comes from a link-local address. */
export const ipv6Rules: RuleFamily = {
  name: 'ip6',
  addressType: 'ipv6_addr',
  any: EVERY_ADDRESS_V6,
  unled: ['::1', 'fe80::/10'],
  tracks: 'ipv6',
};

/** Of an address or a range. */
export const isOfFamily = (text: string, { name }: RuleFamily): boolean =>
  text.includes(':') === (name === 'ip6');

/** Where a board and its cluster are, in one family. */
export interface RulePlace {
  family: RuleFamily;
  podRange: string;
  serviceRange: string;
  /** This board's share of the pods'. */
  podCIDR: string;
  /** The board's own address at which the sockets of Services listen. */
  listenAddress: string;
}

/** The tables that a board has of one family. */
export interface FamilyTables {
  family: RuleFamily;
  /** Our first table as text; where the board has no place, what takes it away. */
  render(desired: DesiredNetwork, hasTunnel: boolean): string;
  /** `undefined` while it has none. */
  place(desired: DesiredNetwork): RulePlace | undefined;
}
