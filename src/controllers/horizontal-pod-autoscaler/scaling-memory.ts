// What is remembered of each autoscaler between two looks: recommendations and rescales, in memory as upstream's.
// Bounded by the longest windows that a spec may name; a master that starts again begins with what it finds.
import type { Dated, ScalingHistory } from './scaling-limits.ts';

/** Longest stabilizationWindowSeconds that validation lets through. */
const LONGEST_WINDOW_MS = 3_600_000;

interface Remembered {
  recommendations: Dated[];
  ups: Dated[];
  downs: Dated[];
}

export class ScalingMemory {
  readonly #byKey = new Map<string, Remembered>();

  /** At the first look it is what there is, so that nothing shrinks at once. */
  historyOf(key: string, currentReplicas: number, nowMs: number): ScalingHistory {
    const known = this.#byKey.get(key);
    if (known) return known;
    const recommendations = [{ atMs: nowMs, replicas: currentReplicas }];
    const made: Remembered = { recommendations, ups: [], downs: [] };
    this.#byKey.set(key, made);
    return made;
  }

  recommended(key: string, replicas: number, atMs: number): void {
    const known = this.#byKey.get(key);
    if (known) known.recommendations = withNewest(known.recommendations, { atMs, replicas });
  }

  rescaled(key: string, from: number, to: number, atMs: number): void {
    const known = this.#byKey.get(key);
    if (!known) return;
    const change = { atMs, replicas: Math.abs(to - from) };
    if (to > from) known.ups = withNewest(known.ups, change);
    else known.downs = withNewest(known.downs, change);
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}

const withNewest = (dated: readonly Dated[], newest: Dated): Dated[] => [
  ...dated.filter(({ atMs }) => atMs > newest.atMs - LONGEST_WINDOW_MS),
  newest,
];
