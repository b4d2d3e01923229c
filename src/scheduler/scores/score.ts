// What a score is: one number from 0 to 100 per board that fits; and upstream's ways to bring raw numbers there.
import type { NodeUsage, PodLoad } from '../node-usage.ts';
import type { PodSelection, World } from '../world.ts';

export interface ScoreInput {
  load: PodLoad;
  world: World;
  /** The boards that fit. */
  usages: readonly NodeUsage[];
  /** Pods that should rather not share a board with this one, where it has no wishes of its own. */
  siblings: PodSelection | undefined;
}

/** In the order of `usages`; `undefined` = nothing about this pod concerns the score. */
export type Score = (input: ScoreInput) => number[] | undefined;

/** Share of the largest, as upstream's DefaultNormalizeScore. */
export function shareOfMost(values: readonly number[]): number[] {
  const most = Math.max(0, ...values);
  return values.map((value) => (most === 0 ? 0 : Math.trunc((value * 100) / most)));
}
