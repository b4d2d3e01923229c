// Slow machines are waited for as long as their factor says.
import t from 'tap';
import { patienceOf } from '../../support/patience.ts';

t.test('tests wait as written unless the machine is said to be slow', async (t) => {
  t.equal(patienceOf({}), 1);
  t.equal(patienceOf({ EDGE_TEST_PATIENCE: '10' }), 10);
});

t.test('a factor that would make waits shorter, or none at all, is refused', async (t) => {
  for (const text of ['0', '-1', 'long', '']) {
    t.throws(() => patienceOf({ EDGE_TEST_PATIENCE: text }), { message: /a number from 1 on/ });
  }
});
