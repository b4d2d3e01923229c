// The second, IPv6 part of the flags that say a cluster's ranges: `10.40.0.0/13,fd00:10:40::/48`, as upstream takes
// them. Both ranges have one, or neither: half of it would be addresses that nobody reaches.
// https://kubernetes.io/docs/concepts/services-networking/dual-stack/#configure-ipv4-ipv6-dual-stack
import type { Ipv6Network } from '../base/cluster-network.ts';
import { formatIp, type IpRange, isInRange, parseRange } from '../base/ip.ts';
import { type FlagValues, numberIn, UsageError } from './flags.ts';

export const POD_FLAG = 'cluster-cidr';
export const SERVICE_FLAG = 'service-cluster-ip-range';
export const NODE_FLAG = 'node-cidr-mask-size-ipv6';

/** A board's share has to hold the board's own address beside those of pods, which need half of it. */
const MOST_NODE_PREFIX = 64;
/** As upstream: more shares than that are not counted. */
export const MOST_SHARE_BITS = 16;
/** As upstream, which keeps the state of each address. */
const SERVICE_PREFIXES = { lowest: 108, highest: 120 };
/** Unique local addresses (RFC 4193), and those of the whole internet. */
const USABLE = ['fc00::/7', '2000::/3'];

/** The flag's value as it is of the first family, and of the second where it has that. */
export function familiesIn(values: FlagValues, name: string): [first: string, second: string | undefined] {
  const [first = '', second, ...more] = (values[name] ?? '').split(',').map((part) => part.trim());
  if (more.length > 0)
    throw new UsageError(`--${name} takes one range of each family, not '${values[name]}'`);
  if (second !== undefined && first.includes(':'))
    throw new UsageError(`--${name} takes the IPv4 range first, not '${values[name]}'`);
  return [first, second];
}

/** `undefined` where the flags have no second range. */
export function ipv6Network(values: FlagValues): Ipv6Network | undefined {
  const [, pods] = familiesIn(values, POD_FLAG);
  const [, services] = familiesIn(values, SERVICE_FLAG);
  if (pods === undefined && services === undefined) return undefined;
  if (pods === undefined) throw lacking(POD_FLAG, SERVICE_FLAG);
  if (services === undefined) throw lacking(SERVICE_FLAG, POD_FLAG);
  const nodePrefix = numberIn(values, NODE_FLAG, { lowest: 32, highest: MOST_NODE_PREFIX, isWhole: true });
  const podPrefixes = { lowest: nodePrefix - MOST_SHARE_BITS, highest: nodePrefix };
  const podRange = range(POD_FLAG, pods, podPrefixes);
  const serviceRange = range(SERVICE_FLAG, services, SERVICE_PREFIXES);
  if (podRange.first <= serviceRange.last && serviceRange.first <= podRange.last)
    throw new UsageError(`--${POD_FLAG} ${pods} and --${SERVICE_FLAG} ${services} overlap`);
  return { podRange: written(podRange), nodePrefix, serviceRange: written(serviceRange) };
}

function lacking(flag: string, other: string): UsageError {
  return new UsageError(`--${other} has an IPv6 range and --${flag} has none: both have one, or neither`);
}

function range(
  name: string,
  text: string,
  { lowest, highest }: { lowest: number; highest: number },
): IpRange {
  const found = text.includes('/') ? parseRange(text) : undefined;
  const isFit = found?.family === 'IPv6' && found.prefix >= lowest && found.prefix <= highest;
  if (!found || !isFit)
    throw new UsageError(`--${name} takes an IPv6 range of /${lowest} to /${highest} second, not '${text}'`);
  if (!USABLE.some((usable) => isInRange(text, usable)))
    throw new UsageError(`--${name} ${text} is not for hosts: take one of fd00::/8`);
  return found;
}

const written = ({ family, first, prefix }: IpRange) => `${formatIp({ family, value: first })}/${prefix}`;
