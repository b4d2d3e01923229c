// From counters that only grow to a rate over the last minute. Pure; one window per container and run.
import type { Counters } from './cgroup-counters.ts';

export interface Sample extends Counters {
  /** Monotonic. */
  atMs: number;
}

export interface Usage {
  /** Mean over the window, in billionths of a core. */
  cpuNanocores?: number;
  /** Newest. */
  workingSetBytes?: number;
  windowMs: number;
}

/** What HorizontalPodAutoscalers are meant to look at: long enough to be calm, short enough to act. */
export const WINDOW_MS = 60_000;
/** Below this a rate says more of the moment than of the container. */
export const SHORTEST_WINDOW_MS = 5_000;

/** The samples that are still of use, oldest first, with the new one. A counter that fell belongs to another run. */
export function withSample(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples.at(-1);
  const isReset = last?.cpuNs !== undefined && next.cpuNs !== undefined && next.cpuNs < last.cpuNs;
  const kept = isReset ? [] : samples.filter(({ atMs }) => next.atMs - atMs <= WINDOW_MS);
  return [...kept, next];
}

/** `undefined` until there are two samples far enough apart. */
export function usageOver(samples: readonly Sample[]): Usage | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.atMs - first.atMs < SHORTEST_WINDOW_MS) return undefined;
  const windowMs = Math.round(last.atMs - first.atMs);
  const { cpuNs, workingSetBytes } = last;
  const isCounted = cpuNs !== undefined && first.cpuNs !== undefined;
  return {
    ...(isCounted
      ? { cpuNanocores: Math.round(((cpuNs - (first.cpuNs ?? 0)) * 1000) / (last.atMs - first.atMs)) }
      : {}),
    ...(workingSetBytes === undefined ? {} : { workingSetBytes }),
    windowMs,
  };
}
