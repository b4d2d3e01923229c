// What a filter is: it looks at the pod and the world once, then at each board.
import type { NodeUsage, PodLoad } from '../node-usage.ts';
import type { World } from '../world.ts';

/** Upstream's names of the plugins that say no. */
export type FilterName =
  | 'NodeUnschedulable'
  | 'NodeName'
  | 'TaintToleration'
  | 'NodeAffinity'
  | 'NodePorts'
  | 'NodeResourcesFit'
  | 'VolumeBinding'
  | 'VolumeRestrictions'
  | 'PodTopologySpread'
  | 'InterPodAffinity';

export interface Rejection {
  /** In upstream's words. */
  reasons: readonly string[];
  /** Taking pods off the board would not help. */
  isFinal: boolean;
}

/** Why the board cannot take the pod; `undefined` = it can. */
export type BoardFilter = (usage: NodeUsage) => Rejection | undefined;

export interface Filter {
  name: FilterName;
  /** `undefined` = nothing about this pod concerns the filter. */
  prepare(load: PodLoad, world: World): BoardFilter | undefined;
}

export const forGood = (...reasons: string[]): Rejection => ({ reasons, isFinal: true });
export const unlessEvicted = (...reasons: string[]): Rejection => ({ reasons, isFinal: false });
