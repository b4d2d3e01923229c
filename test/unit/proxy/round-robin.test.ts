import t from 'tap';
import { RoundRobin } from '../../../src/proxy/round-robin.ts';

const endpoint = (port: number) => ({ ip: '10.40.0.2', port });
const firsts = (turns: RoundRobin<ReturnType<typeof endpoint>>, count: number) =>
  Array.from({ length: count }, () => turns.turn()[0]?.port);

t.test('every endpoint comes first in turn, followed by all others', async (t) => {
  const turns = new RoundRobin<ReturnType<typeof endpoint>>();
  turns.replace([1, 2, 3].map(endpoint));
  t.same(
    turns.turn().map((e) => e.port),
    [1, 2, 3],
  );
  t.same(
    turns.turn().map((e) => e.port),
    [2, 3, 1],
  );
  t.same(firsts(turns, 4), [3, 1, 2, 3]);
});

t.test('a change of the endpoints does not begin at the first again', async (t) => {
  const turns = new RoundRobin<ReturnType<typeof endpoint>>();
  turns.replace([1, 2, 3].map(endpoint));
  t.same(firsts(turns, 2), [1, 2]);
  turns.replace([1, 2, 3, 4].map(endpoint));
  t.same(firsts(turns, 2), [3, 4]);
});

t.test('fewer endpoints than before, or none, are no trouble', async (t) => {
  const turns = new RoundRobin<ReturnType<typeof endpoint>>();
  turns.replace([1, 2, 3].map(endpoint));
  firsts(turns, 3);
  turns.replace([endpoint(9)]);
  t.same(firsts(turns, 2), [9, 9]);
  turns.replace([]);
  t.same(turns.turn(), []);
});
