// When a cron schedule is due: the minutes whose wall clock, in the schedule's time zone, matches its fields. As
// upstream, a time that summer time leaps over is left out and one that happens twice is taken twice.
// https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones
import type { CronSchedule } from '../api/cron-schedule.ts';

interface WallTime {
  minute: number;
  hour: number;
  dayOfMonth: number;
  month: number;
  /** 0 is Sunday. */
  dayOfWeek: number;
}

export type WallClock = (ms: number) => WallTime;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Upstream's: what is not due within five years (30 February) never is. */
const HORIZON_MS = 5 * 366 * 24 * HOUR_MS;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Without a name the master's own time zone. */
export function wallClock(timeZone: string | undefined): WallClock {
  return timeZone === undefined ? localTime : zonedClock(timeZone);
}

function localTime(ms: number): WallTime {
  const date = new Date(ms);
  return {
    minute: date.getMinutes(),
    hour: date.getHours(),
    dayOfMonth: date.getDate(),
    month: date.getMonth() + 1,
    dayOfWeek: date.getDay(),
  };
}

function zonedClock(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    weekday: 'short',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return {
      minute: Number(parts.get('minute')),
      hour: Number(parts.get('hour')),
      dayOfMonth: Number(parts.get('day')),
      month: Number(parts.get('month')),
      dayOfWeek: WEEKDAYS.indexOf(parts.get('weekday') ?? ''),
    };
  };
}

/** The first due time after `afterMs`; `undefined` when it is never due. */
export function nextDueMs(schedule: CronSchedule, clock: WallClock, afterMs: number): number | undefined {
  const end = afterMs + HORIZON_MS;
  let ms = floorMinute(afterMs) + MINUTE_MS;
  while (ms <= end) {
    const wall = clock(ms);
    if (!isDay(schedule, wall)) ms += (60 - wall.minute) * MINUTE_MS + Math.max(0, 21 - wall.hour) * HOUR_MS;
    else if (!schedule.hours.has(wall.hour)) ms += (60 - wall.minute) * MINUTE_MS;
    else if (!schedule.minutes.has(wall.minute)) ms += MINUTE_MS;
    else return ms;
  }
  return undefined;
}

/** The last due time after `afterMs` and not after `nowMs`, found from the end: long gaps cost no more than short. */
export function lastDueMs(
  schedule: CronSchedule,
  clock: WallClock,
  afterMs: number,
  nowMs: number,
): number | undefined {
  const begin = Math.max(afterMs, nowMs - HORIZON_MS);
  let ms = floorMinute(nowMs);
  while (ms > begin) {
    const wall = clock(ms);
    if (!isDay(schedule, wall)) ms -= (wall.minute + 1) * MINUTE_MS + Math.max(0, wall.hour - 2) * HOUR_MS;
    else if (!schedule.hours.has(wall.hour)) ms -= (wall.minute + 1) * MINUTE_MS;
    else if (!schedule.minutes.has(wall.minute)) ms -= MINUTE_MS;
    else return ms;
  }
  return undefined;
}

const floorMinute = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS;

/** Where both days are restricted, either one is enough. */
function isDay(schedule: CronSchedule, { month, dayOfMonth, dayOfWeek }: WallTime): boolean {
  if (!schedule.months.has(month)) return false;
  const inMonth = schedule.daysOfMonth.has(dayOfMonth);
  const inWeek = schedule.daysOfWeek.has(dayOfWeek);
  return schedule.anyDayOfMonth || schedule.anyDayOfWeek ? inMonth && inWeek : inMonth || inWeek;
}
