// What on the board itself stands in the way of pods and Services of one family. Reported, and but for firewall-rules.ts
// not overridden: the machine's own firewall and routes belong to its owner. Pure.
import { overlaps, parseRange } from '../base/ip.ts';
import type { NetworkProblem, Peer } from './board-network.ts';
import type { Route } from './routes.ts';
import type { FamilyName } from './rule-family.ts';

/** One base chain as `nft --json list chains` prints it. */
export interface Chain {
  /** `inet` = of both. */
  family: string;
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

/** Where the cluster is, of one family, and its boards. */
export interface ClusterPlace {
  podRange: string;
  serviceRange: string;
  /** This board's own. */
  address?: string | undefined;
  /** The other boards. */
  peers: readonly Pick<Peer, 'address'>[];
}

/** What the board has of its own. */
export interface OwnWays {
  /** Neither ours nor the pod bridge's. */
  foreignRoutes: readonly Route[];
  chains: readonly Chain[];
  /** Where Service ports listen on the board; absent = not known yet. */
  listenAddress?: string;
}

const RENUMBER = "give the board's own network another range: the cluster's is the same on all boards";

/** Of IPv6 none is blocking: pods and Services have their first addresses all the same. */
export function findProblems(
  family: FamilyName,
  place: ClusterPlace,
  { foreignRoutes, chains, listenAddress }: OwnWays,
): NetworkProblem[] {
  const ranges = [
    { name: 'pod', range: place.podRange },
    { name: 'Service', range: place.serviceRange },
  ];
  const inRanges = ranges.flatMap((range) => [
    ...insideAddresses(place, range),
    ...overlappingRoutes(range, foreignRoutes),
  ]);
  const inWay = chains.filter((chain) => chain.policy === 'drop' && isFor(family, chain));
  const found = [
    ...inRanges,
    ...dropping(family, place, inWay),
    ...shutting(family, place, inWay, listenAddress),
  ];
  return found.map((problem) => ({ ...problem, isBlocking: problem.isBlocking && family === 'ip' }));
}

interface NamedRange {
  name: string;
  range: string;
}

/** Boards that have an address which is also a pod's or a Service's. */
function insideAddresses({ address, peers }: ClusterPlace, { name, range }: NamedRange): NetworkProblem[] {
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
  (parseRange(outer)?.prefix ?? 0) < (parseRange(inner)?.prefix ?? 0);

const isFor = (family: FamilyName, chain: Chain) => chain.family === family || chain.family === 'inet';

/** What the firewall accepts before its policy counts is not seen here, so this blocks nothing. */
function dropping(
  family: FamilyName,
  { podRange }: ClusterPlace,
  chains: readonly Chain[],
): NetworkProblem[] {
  return chains
    .filter(({ hook }) => hook === 'forward')
    .map((chain) => ({
      reason: 'ForwardingDropped',
      message: `the firewall's chain ${chain.table} ${chain.name} drops forwarded packets: pods of other boards cannot reach this board's until it accepts them`,
      mend: `accept forwarding for ${podRange}, such as: ${acceptance(family, podRange, chain)}`,
      isBlocking: false,
    }));
}

/** Where iptables does it, a rule of ours lets pods pass. */
function shutting(
  family: FamilyName,
  { podRange }: ClusterPlace,
  chains: readonly Chain[],
  listenAddress: string | undefined,
): NetworkProblem[] {
  const told = listenAddress === undefined ? '' : ` ${family} daddr ${listenAddress}`;
  return chains
    .filter((chain) => chain.hook === 'input' && !isIptables(chain))
    .map(({ family: of, table, name }) => ({
      reason: 'ServicesDropped',
      message: `the firewall's chain ${table} ${name} drops what is sent to this board: its pods reach no Service and no name until it accepts them`,
      mend: `accept what pods send to the agent, such as: nft insert rule ${of} ${table} ${name} ${family} saddr ${podRange}${told} accept`,
      isBlocking: false,
    }));
}

/** What one chain accepts another may still drop, so it has to be that one. */
function acceptance(family: FamilyName, podRange: string, chain: Chain): string {
  if (!isIptables(chain))
    return `nft insert rule ${chain.family} ${chain.table} ${chain.name} ${family} saddr ${podRange} accept`;
  return `${family === 'ip' ? 'iptables' : 'ip6tables'} -I FORWARD -s ${podRange} -j ACCEPT`;
}

/** A chain that the program `iptables`, or `ip6tables`, calls FORWARD or INPUT. */
export const isIptables = ({ family, table, name }: Chain): boolean =>
  family !== 'inet' && table === 'filter' && (name === 'FORWARD' || name === 'INPUT');
