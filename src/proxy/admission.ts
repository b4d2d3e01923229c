// Who may come in by a listener, and whether they count as being inside the cluster. Pure.
import { overlaps } from '../base/ipv4.ts';
import type { Forwarder } from './forwarder-plan.ts';
import type { TrafficPolicy } from './service-view.ts';

/** Pods and boards, themselves included. */
export type IsInside = (address: string) => boolean;

export type Terms = Pick<Forwarder, 'insiders' | 'outsiders' | 'sourceRanges'>;

/** Which endpoints this client may have; `undefined` = it may not come in. */
export function admit(terms: Terms, address: string, isInside: IsInside): TrafficPolicy | undefined {
  const { sourceRanges, insiders, outsiders } = terms;
  const isAllowed = sourceRanges.length === 0 || sourceRanges.some((range) => overlaps(address, range));
  if (!isAllowed) return undefined;
  return isInside(address) ? insiders : outsiders;
}
