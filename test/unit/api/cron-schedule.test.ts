import t from 'tap';
import { type CronSchedule, parseCron } from '../../../src/api/cron-schedule.ts';

const parsed = (text: string) => parseCron(text) as CronSchedule;

t.test('fields take numbers, names, ranges, steps and lists', async (t) => {
  t.same([...parsed('*/15 * * * *').minutes], [0, 15, 30, 45]);
  t.same([...parsed('5/20 * * * *').minutes], [5, 25, 45]);
  t.same([...parsed('1-5,50 * * * *').minutes], [1, 2, 3, 4, 5, 50]);
  t.same([...parsed('0 9-17/4 * * *').hours], [9, 13, 17]);
  t.same([...parsed('0 0 * JAN-mar *').months], [1, 2, 3]);
  t.same([...parsed('0 0 ? * mon,Fri').daysOfWeek], [1, 5]);
});

t.test('a star leaves the day to the other field', async (t) => {
  t.match(parsed('0 0 * * 1'), { anyDayOfMonth: true, anyDayOfWeek: false });
  t.match(parsed('0 0 13 * *'), { anyDayOfMonth: false, anyDayOfWeek: true });
  t.match(parsed('0 0 */2 * *'), { anyDayOfMonth: false });
});

t.test('descriptors stand for their five fields, @every for a period', async (t) => {
  t.same(parseCron('@weekly'), parseCron('0 0 * * 0'));
  t.same(parseCron('@every 1h30m'), { everyMs: 5_400_000 });
  t.same(parseCron('@every 1500ms'), { everyMs: 1000 });
});

t.test("what cannot be read is refused in upstream's words", async (t) => {
  const refused: [string, string][] = [
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['@never', 'unrecognized descriptor: @never'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ];
  for (const [text, message] of refused) t.throws(() => parseCron(text), { message }, text);
});
