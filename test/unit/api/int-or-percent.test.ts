import t from 'tap';
import { atMostAll, isNone, validateIntOrPercent } from '../../../src/api/int-or-percent.ts';

t.test('a number from 0 on, or a percentage', async (t) => {
  for (const value of [0, 5, '0%', '250%', undefined]) t.same(validateIntOrPercent(value, 'f'), []);
  for (const value of [-1, '5', '-5%', '1.5%', ''])
    t.equal(validateIntOrPercent(value, 'f').length, 1, `${value}`);
});

t.test('no more than all of it, where that is asked', async (t) => {
  for (const value of [500, '100%', undefined]) t.same(atMostAll(value, 'f'), []);
  t.match(atMostAll('101%', 'f'), [{ message: 'Invalid value: "101%": must not be greater than 100%' }]);
});

t.test('nothing is nothing in either form', async (t) => {
  for (const value of [0, '0%', '00%', undefined, 'x']) t.ok(isNone(value), `${value}`);
  for (const value of [1, '1%']) t.notOk(isNone(value), `${value}`);
});
