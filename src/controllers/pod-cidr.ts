// Arithmetic of the boards' pod ranges: which share of the cluster's range is free.
import type { ClusterNetwork } from '../base/cluster-network.ts';
import { formatIpv4, type Ipv4Range, parseIpv4Range } from '../base/ipv4.ts';

type Plan = Pick<ClusterNetwork, 'podRange' | 'nodePrefix'>;

/** How many boards the range has room for. */
export function podCidrCount(plan: Plan): number {
  return 2 ** (plan.nodePrefix - podRange(plan).prefix);
}

export function podCidr(plan: Plan, index: number): string {
  return `${formatIpv4(podRange(plan).first + index * shareSize(plan))}/${plan.nodePrefix}`;
}

/** The lowest share that overlaps with none of `taken`; `undefined` when the range is used up. */
export function freePodCidr(plan: Plan, taken: Iterable<string>): string | undefined {
  const used = new Set<number>();
  for (const cidr of taken) for (const index of sharesUnder(plan, cidr)) used.add(index);
  for (let index = 0; index < podCidrCount(plan); index++) if (!used.has(index)) return podCidr(plan, index);
  return undefined;
}

/** Indexes of the shares that `cidr` touches, also when it is larger or smaller than a share. */
function sharesUnder(plan: Plan, cidr: string): number[] {
  const taken = parseIpv4Range(cidr);
  // What a person wrote into a Node (an IPv6 range) takes nothing from the plan and must not stop it.
  if (!taken) return [];
  const start = podRange(plan).first;
  const indexOf = (address: number) => Math.floor((address - start) / shareSize(plan));
  const from = Math.max(indexOf(taken.first), 0);
  const to = Math.min(indexOf(taken.last), podCidrCount(plan) - 1);
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, i) => from + i);
}

const shareSize = ({ nodePrefix }: Plan) => 2 ** (32 - nodePrefix);

function podRange(plan: Plan): Ipv4Range {
  const range = parseIpv4Range(plan.podRange);
  if (!range) throw new Error(`${plan.podRange} is no IPv4 range such as 10.40.0.0/13`);
  return range;
}
