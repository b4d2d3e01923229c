// What Services leave to each other, and to the rest of the agent, of the files that it may have open.
import t from 'tap';
import { ConnectionRoom } from '../../../src/proxy/connection-room.ts';

/** How many connections one gets, that has none. */
function fill(room: ConnectionRoom): number {
  let own = 0;
  while (room.take(own)) own += 1;
  return own;
}

t.test('one Service gets most, and leaves a tenth to those that come after it', async (t) => {
  const room = new ConnectionRoom(20_000);
  const first = fill(room);
  t.ok(first > 8_000, `${first} connections`);
  const others = Array.from({ length: 3 }, () => fill(room));
  t.ok(others[0] && others[0] > 800, `${others}`);
  t.ok(Math.min(...others) > 5, `${others}`);
  t.ok(2 * (first + others.reduce((a, b) => a + b)) <= 20_000 - 2_048, 'the agent keeps its own');
});

t.test('of a low limit the agent keeps a quarter', async (t) => {
  const room = new ConnectionRoom(1_024);
  const [first, second] = [fill(room), fill(room)];
  t.ok(first > 300 && second > 10, `${first} and ${second}`);
  t.ok(2 * (first + second) <= 768);
});

t.test('who gives back makes room', async (t) => {
  const room = new ConnectionRoom(1_024);
  const count = fill(room);
  for (let i = 0; i < count; i++) room.giveBack();
  t.equal(fill(room), count);
});

t.test('without a limit there is room for any number', async (t) => {
  t.ok(new ConnectionRoom().take(1_000_000));
});
