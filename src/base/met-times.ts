// How long ago something was whose timestamp is on the wall clock, which may jump by years when it is set: that clock
// is asked once for each timestamp, when it is met first, and from then on the one counts that never jumps.

/** No board's clock can be right and show less: this program did not exist. One without a battery begins in 1970. */
export const EARLIEST_CLOCK_MS = Date.parse('2025-01-01T00:00:00Z');

/** What → its timestamp, and when that was on the clock that never jumps. */
export type MetTimes = Map<string, { timestamp: string; atMs: number }>;

interface Now {
  nowMs: number;
  monotonicMs: number;
}

/** In milliseconds; adds to `met` what was not met before. */
export function ageOf(met: MetTimes, what: string, timestamp: string, { nowMs, monotonicMs }: Now): number {
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
