// How long ago things happened to a pod, for back-off and deadlines. A board's clock may jump by years when it is set: it is
// asked once for each timestamp, when this agent meets it first, and from then on the clock counts that never jumps.
import { EARLIEST_CLOCK_MS } from '../board/clock-set.ts';
import type { PodRecord } from '../records/pod-record.ts';

export interface PodAges {
  sinceStartMs: number;
  /** By container, of those that have ended. */
  sinceEndMs: Readonly<Record<string, number>>;
}

/** What → its timestamp, and when that was on the clock that never jumps. */
export type MetTimes = Map<string, { timestamp: string; atMs: number }>;

interface Now {
  nowMs: number;
  monotonicMs: number;
}

/** Adds to `met` what was not met before. */
export function podAges(met: MetTimes, record: PodRecord, now: Now): PodAges {
  const ended = Object.entries(record.containers).flatMap(([name, container]) =>
    container.ended ? [[name, ageOf(met, `end/${name}`, container.ended.finishedAt, now)] as const] : [],
  );
  return { sinceStartMs: ageOf(met, 'start', record.startTime, now), sinceEndMs: Object.fromEntries(ended) };
}

function ageOf(met: MetTimes, what: string, timestamp: string, { nowMs, monotonicMs }: Now): number {
  const known = met.get(what);
  if (known?.timestamp === timestamp) return monotonicMs - known.atMs;
  const ageMs = wallAgeMs(Date.parse(timestamp), nowMs);
  met.set(what, { timestamp, atMs: monotonicMs - ageMs });
  return ageMs;
}

/** Of a time from before the clock was set, or from the future, nothing is known: it counts from now. */
function wallAgeMs(atMs: number, nowMs: number): number {
  return atMs < EARLIEST_CLOCK_MS && nowMs >= EARLIEST_CLOCK_MS ? 0 : Math.max(0, nowMs - atMs);
}
