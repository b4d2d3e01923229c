import t from 'tap';
import { Arrivals } from '../../../src/proxy/arrivals.ts';
import type { TcpHandle } from '../../../src/proxy/tcp-handle.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function arrivals() {
  const clock = new FakeClock();
  const taken: number[] = [];
  const ends: (() => void)[] = [];
  const numbers = new Map<TcpHandle, number>();
  const all = new Arrivals(
    (client) => void taken.push(numbers.get(client) ?? -1),
    clock,
    (act) => void ends.push(act),
  );
  const come = (number: number) => {
    const client = {} as TcpHandle;
    numbers.set(client, number);
    all.add(client);
  };
  return { all, clock, taken, come, asked: () => ends.length, endTurn: () => ends.shift()?.() };
}

t.test(
  'who comes alone is taken on at the end of the next turn, and nothing is asked for then',
  async (t) => {
    const { taken, come, endTurn, asked } = arrivals();
    come(1);
    endTurn();
    t.same(taken, []);
    endTurn();
    t.same(taken, [1]);
    t.equal(asked(), 0);
  },
);

t.test('those of turns in a row are taken on together, in their order', async (t) => {
  const { all, taken, come, endTurn } = arrivals();
  for (const number of [1, 2, 3]) {
    come(number);
    endTurn();
  }
  t.same(taken, []);
  t.equal(all.isEmpty, false);
  endTurn();
  t.same(taken, [1, 2, 3]);
  t.equal(all.isEmpty, true);
});

t.test('however many come, sixteen are enough', async (t) => {
  const { taken, come, endTurn } = arrivals();
  for (let number = 1; number <= 16; number++) {
    t.same(taken, []);
    come(number);
    endTurn();
  }
  t.equal(taken.length, 16);
});

t.test('nobody waits for others through long turns', async (t) => {
  const { clock, taken, come, endTurn } = arrivals();
  come(1);
  await clock.advance(5);
  come(2);
  endTurn();
  t.same(taken, [1, 2]);
});

t.test('who is given up is not taken on, and who comes afterwards is', async (t) => {
  const { all, taken, come, endTurn, asked } = arrivals();
  come(1);
  t.equal(all.giveUp().length, 1);
  come(2);
  while (asked() > 0) endTurn();
  t.same(taken, [2]);
});
