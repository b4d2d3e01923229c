// Who may come in by a listener, and whether they count as being inside the cluster. Pure.
import { isInRange, isWithin, parseIp, parseRange } from '../base/ip.ts';
import { parseIpv4, parseIpv4Range } from '../base/ipv4.ts';
import type { Forwarder } from './forwarder-plan.ts';
import type { TrafficPolicy } from './service-view.ts';

/** Pods and the board itself. */
export type IsInside = (address: string) => boolean;

const IPV6_LOOPBACK = '::1';

/** `ranges` are CIDRs or single addresses. */
export function insideOf(ranges: readonly string[]): IsInside {
  const known = ranges.flatMap((range) => parseIpv4Range(range) ?? []);
  const others = ranges.flatMap((range) => (range.includes(':') ? (parseRange(range) ?? []) : []));
  return (address) => {
    const value = parseIpv4(address);
    if (value !== undefined) return known.some(({ first, last }) => first <= value && value <= last);
    return address === IPV6_LOOPBACK || others.some((range) => isWithin(parseIp(address), range));
  };
}

export type Terms = Pick<Forwarder, 'insiders' | 'outsiders' | 'sourceRanges'>;

/** Which endpoints this client may have; `undefined` = it may not come in. */
export function admit(terms: Terms, address: string, isInside: IsInside): TrafficPolicy | undefined {
  const { sourceRanges, insiders, outsiders } = terms;
  const isAllowed = sourceRanges.length === 0 || sourceRanges.some((range) => isInRange(address, range));
  if (!isAllowed) return undefined;
  if (insiders === outsiders) return insiders;
  return isInside(address) ? insiders : outsiders;
}
