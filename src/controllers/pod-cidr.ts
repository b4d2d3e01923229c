// Arithmetic of the boards' pod ranges: which share of the cluster's range is free.
import type { ClusterNetwork } from '../base/cluster-network.ts';

type Plan = Pick<ClusterNetwork, 'podRange' | 'nodePrefix'>;

const CIDR = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

interface Range {
  firstAddress: number;
  prefix: number;
}

/** How many boards the range has room for. */
export function podCidrCount(plan: Plan): number {
  return 2 ** (plan.nodePrefix - parse(plan.podRange).prefix);
}

export function podCidr(plan: Plan, index: number): string {
  const firstAddress = parse(plan.podRange).firstAddress + index * 2 ** (32 - plan.nodePrefix);
  return `${format(firstAddress)}/${plan.nodePrefix}`;
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
  const range = parse(plan.podRange);
  // What a person wrote into a Node (an IPv6 range) takes nothing from the plan and must not stop it.
  if (!CIDR.test(cidr)) return [];
  const { firstAddress, prefix } = parse(cidr);
  const shareSize = 2 ** (32 - plan.nodePrefix);
  const first = Math.floor((firstAddress - range.firstAddress) / shareSize);
  const last = Math.floor((firstAddress + 2 ** (32 - prefix) - 1 - range.firstAddress) / shareSize);
  const [from, to] = [Math.max(first, 0), Math.min(last, podCidrCount(plan) - 1)];
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, i) => from + i);
}

function parse(cidr: string): Range {
  const match = CIDR.exec(cidr);
  if (!match) throw new Error(`${cidr} is no IPv4 range such as 10.40.0.0/13`);
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  const size = 2 ** (32 - prefix);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { firstAddress: Math.floor(address / size) * size, prefix };
}

function format(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
