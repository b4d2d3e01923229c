// What a CronJob needs done now: a pure function of it, its jobs and the time.
// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
import { parseCron } from '../api/cron-schedule.ts';
import type { CronJob, Job } from '../api/objects.ts';
import { activeJobs } from './cron-status.ts';
import { lastDueMs, nextDueMs, wallClock } from './cron-times.ts';

interface Due {
  /** The last time that was missed or is now; those before it are skipped, as upstream skips them. */
  lastMs: number | undefined;
  manyMissed: boolean;
  nextMs: number | undefined;
}

export type CronDecision = { nextMs: number | undefined } & (
  | { do: 'wait' }
  /** Its starting deadline has passed. */
  | { do: 'miss'; scheduledMs: number }
  /** Forbidden while another one runs. */
  | { do: 'forbid'; scheduledMs: number }
  | { do: 'run'; scheduledMs: number; replace: Job[]; manyMissed: boolean }
);

/** A board's clock may be set while we wait: nothing is noticed later than this, and looking writes nothing. */
export const LONGEST_WAIT_MS = 60_000;
/** Time servers set clocks back by a little. */
const CLOCK_SLACK_MS = 60_000;
/** Upstream's: so many in a row say that something is wrong, such as a clock that leapt. */
const MANY_MISSED = 100;

/** `jobs` are its own. @throws CronError, which validation does not let in. */
export function decideCron(cronJob: CronJob, jobs: readonly Job[], nowMs: number): CronDecision {
  const { spec, status, metadata } = cronJob;
  if (spec.suspend || metadata.deletionTimestamp) return { do: 'wait', nextMs: undefined };
  const deadlineMs =
    spec.startingDeadlineSeconds === undefined ? undefined : spec.startingDeadlineSeconds * 1000;
  const atMs = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp);
  const { lastMs, manyMissed, nextMs } = dueTimes(cronJob, atMs, deadlineMs, nowMs);
  if (lastMs === undefined) return { do: 'wait', nextMs };
  if (deadlineMs !== undefined && lastMs + deadlineMs < nowMs)
    return { do: 'miss', scheduledMs: lastMs, nextMs };
  const running = activeJobs(cronJob, jobs);
  const policy = spec.concurrencyPolicy ?? 'Allow';
  if (policy === 'Forbid' && running.length > 0) return { do: 'forbid', scheduledMs: lastMs, nextMs };
  return { do: 'run', scheduledMs: lastMs, replace: policy === 'Replace' ? running : [], manyMissed, nextMs };
}

/**
 * A last time that has not come is of a clock that was wrong: what was due since the last look, or the period before,
 * counts then, and the run that follows puts it right.
 */
function believable(atMs: number, nowMs: number, everyMs?: number): number {
  if (atMs <= nowMs + CLOCK_SLACK_MS) return atMs;
  if (everyMs === undefined) return nowMs - LONGEST_WAIT_MS;
  return atMs - (Math.ceil((atMs - nowMs) / everyMs) + 1) * everyMs;
}

function dueTimes({ spec }: CronJob, atMs: number, deadlineMs: number | undefined, nowMs: number): Due {
  const schedule = parseCron(spec.schedule);
  if ('everyMs' in schedule)
    return everyDue(schedule.everyMs, believable(atMs, nowMs, schedule.everyMs), nowMs);
  const sinceMs = believable(atMs, nowMs);
  const clock = wallClock(spec.timeZone);
  const next = (ms: number) => nextDueMs(schedule, clock, ms);
  return {
    lastMs: lastDueMs(schedule, clock, sinceMs, nowMs),
    // Times before the starting deadline are lost anyway: they are not counted.
    manyMissed: isMany(next, Math.max(sinceMs, nowMs - (deadlineMs ?? Number.POSITIVE_INFINITY)), nowMs),
    nextMs: next(Math.max(nowMs, sinceMs)),
  };
}

function isMany(next: (ms: number) => number | undefined, afterMs: number, nowMs: number): boolean {
  let due = next(afterMs);
  for (let count = 1; due !== undefined && due <= nowMs; count++) {
    if (count > MANY_MISSED) return true;
    due = next(due);
  }
  return false;
}

function everyDue(everyMs: number, sinceMs: number, nowMs: number): Due {
  const count = Math.max(0, Math.floor((nowMs - sinceMs) / everyMs));
  const nextMs = sinceMs + (count + 1) * everyMs;
  return {
    lastMs: count > 0 ? sinceMs + count * everyMs : undefined,
    manyMissed: count > MANY_MISSED,
    nextMs,
  };
}

/** The ended jobs beyond the history limits, the oldest first. */
export function pastHistory({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const ended = (type: string) =>
    jobs
      .filter(({ status, metadata }) => {
        const isEnded = status?.conditions?.some((c) => c.type === type && c.status === 'True');
        return isEnded && !metadata.deletionTimestamp;
      })
      .sort((a, b) => startMs(a) - startMs(b));
  const beyond = (list: Job[], limit: number) => list.slice(0, Math.max(0, list.length - limit));
  return [
    ...beyond(ended('Complete'), spec.successfulJobsHistoryLimit ?? 3),
    ...beyond(ended('Failed'), spec.failedJobsHistoryLimit ?? 1),
  ];
}

const startMs = ({ status, metadata }: Job) => Date.parse(status?.startTime ?? metadata.creationTimestamp);
