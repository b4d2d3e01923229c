// What on the board itself stands in the way of pods and Services. Reported, never overridden: the machine's own
// firewall and routes belong to its owner. Pure.
import { overlaps } from '../base/ipv4.ts';
import type { DesiredNetwork, NetworkProblem } from './board-network.ts';
import type { Route } from './routes.ts';

/** One base chain as `nft --json list chains` prints it. */
export interface Chain {
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

/** `foreignRoutes`: all routes that are neither ours nor the pod bridge's. */
export function findProblems(
  desired: DesiredNetwork,
  foreignRoutes: readonly Route[],
  chains: readonly Chain[],
): NetworkProblem[] {
  return [...overlapping(desired, foreignRoutes), ...dropping(chains)];
}

function overlapping({ podRange, serviceRange }: DesiredNetwork, routes: readonly Route[]): NetworkProblem[] {
  const ranges = [
    { name: 'pod', range: podRange },
    { name: 'Service', range: serviceRange },
  ];
  return ranges.flatMap(({ name, range }) =>
    routes
      .filter((route) => overlaps(route.dst, range))
      .map((route) => ({
        reason: 'RangeOverlap',
        message: `the cluster's ${name} range ${range} overlaps the board's route to ${route.dst}: choose another range`,
      })),
  );
}

function dropping(chains: readonly Chain[]): NetworkProblem[] {
  return chains
    .filter((chain) => chain.hook === 'forward' && chain.policy === 'drop')
    .map((chain) => ({
      reason: 'ForwardingDropped',
      message: `the firewall's chain ${chain.table} ${chain.name} drops forwarded packets: pods of other boards cannot reach this board's until it accepts them`,
    }));
}
