// What on the board itself stands in the way of pods and Services. Reported, and but for forward-rules.ts not
// overridden: the machine's own firewall and routes belong to its owner. Pure.
import { overlaps, parseIpv4Range } from '../base/ipv4.ts';
import type { DesiredNetwork, NetworkProblem } from './board-network.ts';
import type { Route } from './routes.ts';

/** One base chain as `nft --json list chains` prints it. */
export interface Chain {
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

const RENUMBER = "give the board's own network another range: the cluster's is the same on all boards";

/** `foreignRoutes`: all routes that are neither ours nor the pod bridge's. */
export function findProblems(
  desired: DesiredNetwork,
  foreignRoutes: readonly Route[],
  chains: readonly Chain[],
): NetworkProblem[] {
  const ranges = [
    { name: 'pod', range: desired.podRange },
    { name: 'Service', range: desired.serviceRange },
  ];
  const inRanges = ranges.flatMap((range) => [
    ...insideAddresses(desired, range),
    ...overlappingRoutes(range, foreignRoutes),
  ]);
  return [...inRanges, ...dropping(desired.podRange, chains, 'iptables')];
}

interface NamedRange {
  name: string;
  range: string;
}

/** Boards that have an address which is also a pod's or a Service's. */
function insideAddresses({ address, peers }: DesiredNetwork, { name, range }: NamedRange): NetworkProblem[] {
  const boards = [
    { whose: 'this board', ip: address },
    ...peers.map((peer) => ({ whose: 'another board', ip: peer.address })),
  ];
  return boards
    .filter(({ ip }) => ip !== undefined && overlaps(ip, range))
    .map(({ whose, ip }) => ({
      reason: 'AddressInRange',
      message: `${ip}, the address of ${whose}, lies in the cluster's ${name} range ${range}`,
      mend: RENUMBER,
      isBlocking: true,
    }));
}

/** Our own routes are narrower than a route around the whole range and go first; one within it goes before ours. */
function overlappingRoutes({ name, range }: NamedRange, routes: readonly Route[]): NetworkProblem[] {
  return routes
    .filter((route) => overlaps(route.dst, range))
    .map((route) => ({
      reason: 'RangeOverlap',
      message: `the cluster's ${name} range ${range} overlaps the board's route to ${route.dst}`,
      mend: RENUMBER,
      isBlocking: !isAround(route.dst, range),
    }));
}

const isAround = (outer: string, inner: string) =>
  (parseIpv4Range(outer)?.prefix ?? 0) < (parseIpv4Range(inner)?.prefix ?? 0);

/** What the firewall accepts before its policy counts is not seen here, so this blocks nothing. */
export function dropping(
  podRange: string,
  chains: readonly Chain[],
  program: 'iptables' | 'ip6tables',
): NetworkProblem[] {
  return chains
    .filter((chain) => chain.hook === 'forward' && chain.policy === 'drop')
    .map((chain) => ({
      reason: 'ForwardingDropped',
      message: `the firewall's chain ${chain.table} ${chain.name} drops forwarded packets: pods of other boards cannot reach this board's until it accepts them`,
      mend: `accept forwarding for ${podRange}, such as: ${program} -I FORWARD -s ${podRange} -j ACCEPT`,
      isBlocking: false,
    }));
}
