import t from 'tap';
import { age, humanDuration, parseDurationMs } from '../../../src/api/duration.ts';

const s = 1000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;

t.test('ages read as kubectl shows them', async (t) => {
  const cases: [number, string][] = [
    [-5 * s, '<invalid>'],
    [-500, '0s'],
    [0, '0s'],
    [119 * s, '119s'],
    [2 * m, '2m'],
    [2 * m + 5 * s, '2m5s'],
    [9 * m + 59 * s, '9m59s'],
    [10 * m + 30 * s, '10m'],
    [179 * m, '179m'],
    [3 * h, '3h'],
    [3 * h + 20 * m, '3h20m'],
    [8 * h + 20 * m, '8h'],
    [47 * h, '47h'],
    [2 * d, '2d'],
    [2 * d + 4 * h, '2d4h'],
    [8 * d + 4 * h, '8d'],
    [400 * d, '400d'],
    [2 * 365 * d + 30 * d, '2y30d'],
    [9 * 365 * d, '9y'],
  ];
  for (const [ms, text] of cases) t.equal(humanDuration(ms), text);
});

t.test('an unknown time has an unknown age', async (t) => {
  t.equal(age(undefined, 0), '<unknown>');
  t.equal(age('soon', 0), '<unknown>');
  t.equal(age('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:01:30Z')), '90s');
});

t.test('durations are read in the forms that Go knows, and in days', async (t) => {
  t.equal(parseDurationMs('90s'), 90 * s);
  t.equal(parseDurationMs('1h30m'), 90 * m);
  t.equal(parseDurationMs('1.5h'), 90 * m);
  t.equal(parseDurationMs('500ms'), 500);
  t.equal(parseDurationMs('2d'), 2 * d);
  t.equal(parseDurationMs('0'), 0);
  for (const text of ['', '5', 'm', '-5s', '5 s', '5x']) t.equal(parseDurationMs(text), undefined, text);
});
