// How long to wait before the next try: doubling from `initialMs` to `maxMs`.

export interface BackoffLimits {
  initialMs: number;
  maxMs: number;
}

/** Delay before try number `failures` + 1; `failures` counts from 1. */
export function exponentialBackoffMs(limits: BackoffLimits, failures: number): number {
  const doublings = Math.min(Math.max(failures - 1, 0), 40);
  return Math.min(limits.initialMs * 2 ** doublings, limits.maxMs);
}

/** Spreads `delayMs` over ±20 %, so that boards that lost their master together do not return together. */
export function jitteredMs(delayMs: number, random: () => number = Math.random): number {
  return delayMs * (0.8 + 0.4 * random());
}
