// How long ago things happened to a pod, for back-off and deadlines, whatever the board's clock does.
import { ageOf, type MetTimes } from '../../base/met-times.ts';
import type { PodRecord } from '../records/pod-record.ts';

export interface PodAges {
  sinceStartMs: number;
  /** By container, of those that have ended. */
  sinceEndMs: Readonly<Record<string, number>>;
}

/** Adds to `met` what was not met before. */
export function podAges(
  met: MetTimes,
  record: PodRecord,
  now: { nowMs: number; monotonicMs: number },
): PodAges {
  const ended = Object.entries(record.containers).flatMap(([name, container]) =>
    container.ended ? [[name, ageOf(met, `end/${name}`, container.ended.finishedAt, now)] as const] : [],
  );
  return { sinceStartMs: ageOf(met, 'start', record.startTime, now), sinceEndMs: Object.fromEntries(ended) };
}
