// Arithmetic of the boards' pod ranges, of either family: which share of the cluster's range is free.
import type { PodPlan } from '../base/cluster-network.ts';
import { bitsOf, formatIp, type IpRange, parseRange } from '../base/ip.ts';

/** How many boards the range has room for. */
export function podCidrCount(plan: PodPlan): number {
  return 2 ** (plan.nodePrefix - podRange(plan).prefix);
}

export function podCidr(plan: PodPlan, index: number): string {
  const { family, first } = podRange(plan);
  return `${formatIp({ family, value: first + BigInt(index) * shareSize(plan) })}/${plan.nodePrefix}`;
}

/** The lowest share that overlaps with none of `taken`; `undefined` when the range is used up. */
export function freePodCidr(plan: PodPlan, taken: Iterable<string>): string | undefined {
  const [range, size, count] = [podRange(plan), shareSize(plan), podCidrCount(plan)];
  const used = new Set<number>();
  for (const cidr of taken) for (const index of sharesUnder(range, size, cidr)) used.add(index);
  for (let index = 0; index < count; index++) if (!used.has(index)) return podCidr(plan, index);
  return undefined;
}

/** Indexes of the shares that `cidr` touches, also when it is larger or smaller than a share. */
function sharesUnder({ family, first, last }: IpRange, size: bigint, cidr: string): number[] {
  const taken = parseRange(cidr);
  // What a person wrote into a Node, and the other family's share, take nothing from the plan and must not stop it.
  if (taken?.family !== family || taken.last < first || taken.first > last) return [];
  const indexOf = (address: bigint) => Number((address - first) / size);
  const from = indexOf(taken.first < first ? first : taken.first);
  const to = indexOf(taken.last > last ? last : taken.last);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

const shareSize = (plan: PodPlan) => 1n << BigInt(bitsOf(podRange(plan).family) - plan.nodePrefix);

function podRange(plan: PodPlan): IpRange {
  const range = parseRange(plan.podRange);
  if (!range) throw new Error(`${plan.podRange} is no range such as 10.40.0.0/13 or fd00:10:40::/48`);
  return range;
}
