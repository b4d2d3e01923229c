import t from 'tap';
import { Turn } from '../../../src/proxy/turn.ts';

const MiB = 1 << 20;

function turns() {
  const ends: (() => void)[] = [];
  const turn = new Turn((act) => void ends.push(act));
  return { turn, ends, end: () => ends.shift()?.() };
}

t.test('a turn has enough after 4 MiB, whoever relayed them, and the next begins afresh', async (t) => {
  const { turn, end } = turns();
  t.same([turn.spend(MiB), turn.spend(2 * MiB), turn.spend(MiB), turn.spend(1)], [true, true, false, false]);
  end();
  t.equal(turn.spend(MiB), true);
});

t.test('who rests goes on when the turn is over, once', async (t) => {
  const { turn, end } = turns();
  let goneOn = 0;
  turn.spend(5 * MiB);
  turn.rest({ goOn: () => void goneOn++ });
  t.equal(goneOn, 0);
  end();
  turn.spend(MiB);
  end();
  t.equal(goneOn, 1);
});

t.test('a turn in which nobody could go on asks for no end', async (t) => {
  const { turn, ends } = turns();
  t.same(ends, []);
  turn.spend(1);
  turn.spend(1);
  t.equal(ends.length, 1);
});
