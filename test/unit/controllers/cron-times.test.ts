import t from 'tap';
import { type CronSchedule, parseCron } from '../../../src/api/cron-schedule.ts';
import { lastDueMs, nextDueMs, wallClock } from '../../../src/controllers/cron-times.ts';

const cases: [schedule: string, timeZone: string, after: string, next: string | undefined][] = [
  ['*/15 * * * *', 'Etc/UTC', '2026-01-01T00:00:00Z', '2026-01-01T00:15:00Z'],
  ['0 0 * * *', 'Etc/UTC', '2026-01-31T12:00:00Z', '2026-02-01T00:00:00Z'],
  ['30 4 1,15 * 5', 'Etc/UTC', '2026-01-02T05:00:00Z', '2026-01-09T04:30:00Z'],
  ['30 4 15 * fri', 'Etc/UTC', '2026-01-09T05:00:00Z', '2026-01-15T04:30:00Z'],
  ['0 12 29 2 *', 'Etc/UTC', '2026-01-01T00:00:00Z', '2028-02-29T12:00:00Z'],
  ['0 0 30 2 *', 'Etc/UTC', '2026-01-01T00:00:00Z', undefined],
  ['0 9 * * *', 'Europe/Berlin', '2026-01-01T00:00:00Z', '2026-01-01T08:00:00Z'],
  ['0 9 * * *', 'Europe/Berlin', '2026-07-01T00:00:00Z', '2026-07-01T07:00:00Z'],
  ['0 0 * * mon', 'Asia/Kolkata', '2026-01-01T00:00:00Z', '2026-01-04T18:30:00Z'],
  // Summer time begins on 29 March at 02:00: 02:30 is leapt over that night.
  ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-30T00:30:00Z'],
  ['0 0 30 3 *', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-29T22:00:00Z'],
  // It ends on 25 October at 03:00: 02:30 happens twice.
  ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
  ['0 0 26 10 *', 'Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-25T23:00:00Z'],
];

for (const [schedule, timeZone, after, next] of cases) {
  t.test(`${schedule} in ${timeZone} after ${after} is due at ${next ?? 'no time'}`, async (t) => {
    const parsed = parseCron(schedule) as CronSchedule;
    const found = nextDueMs(parsed, wallClock(timeZone), Date.parse(after));
    t.equal(found, next === undefined ? undefined : Date.parse(next));
  });
}

t.test('looking back finds what looking forward finds', async (t) => {
  for (const [schedule, timeZone, after, next] of cases) {
    const parsed = parseCron(schedule) as CronSchedule;
    const clock = wallClock(timeZone);
    if (next === undefined) continue;
    const nextMs = Date.parse(next);
    t.equal(lastDueMs(parsed, clock, Date.parse(after), nextMs + 59_999), nextMs, schedule);
    t.equal(lastDueMs(parsed, clock, Date.parse(after), nextMs - 1), undefined, schedule);
  }
});

t.test('a random walk agrees with trying every minute', async (t) => {
  const clock = wallClock('America/New_York');
  const due = ['7 */5 * * *', '0 3 */4 * 1', '15,45 1-3 8 3,11 *'];
  for (const text of due) {
    const parsed = parseCron(text) as CronSchedule;
    const from = Date.parse('2026-03-07T00:00:00Z');
    const to = from + 3 * 86_400_000;
    const walked: number[] = [];
    for (
      let ms = nextDueMs(parsed, clock, from);
      ms !== undefined && ms <= to;
      ms = nextDueMs(parsed, clock, ms)
    ) {
      walked.push(ms);
    }
    const tried: number[] = [];
    for (let ms = from + 60_000; ms <= to; ms += 60_000) {
      if (nextDueMs(parsed, clock, ms - 60_000) === ms) tried.push(ms);
    }
    t.same(walked, tried, text);
    t.ok(walked.length > 0, text);
  }
});
