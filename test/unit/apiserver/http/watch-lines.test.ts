import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import type { KubeObject } from '../../../../src/api/objects.ts';
import { WatchLines } from '../../../../src/apiserver/http/watch-lines.ts';

const object = (name: string, text = ''): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } }) as unknown as KubeObject;

t.test('an event that many see alike is made into bytes once', async (t) => {
  const lines = new WatchLines();
  const one = object('a');
  const first = lines.line('MODIFIED', one);
  t.equal(first.toString(), `${JSON.stringify({ type: 'MODIFIED', object: one })}\n`);
  t.equal(lines.line('MODIFIED', one), first);
  const entered = lines.line('ADDED', one);
  t.match(entered.toString(), /^\{"type":"ADDED"/);
  t.equal(lines.line('ADDED', one), entered);
  t.equal(lines.line('MODIFIED', one), first);
  t.not(lines.line('MODIFIED', object('a')), first, 'another state of it is another object');
});

t.test('a form of it is made once too, and is not taken for another one', async (t) => {
  const lines = new WatchLines();
  const one = object('a');
  let made = 0;
  const present = ({ metadata }: KubeObject) => {
    made++;
    return { name: metadata.name };
  };
  const row = lines.line('ADDED', one, { name: 'table 1', present });
  t.equal(row.toString(), '{"type":"ADDED","object":{"name":"a"}}\n');
  t.equal(lines.line('ADDED', one, { name: 'table 1', present }), row);
  t.equal(made, 1);
  t.not(lines.line('ADDED', one, { name: 'table 2', present }), row, 'a second later its age is another one');
  t.match(lines.line('ADDED', one).toString(), /"kind":"ConfigMap"/);
  t.match(lines.line('DELETED', one, { name: 'table 1', present }).toString(), /^\{"type":"DELETED"/);
});

t.test('only the newest events are remembered, and little of them', async (t) => {
  const lines = new WatchLines();
  const old = object('old');
  const line = lines.line('ADDED', old);
  for (let i = 0; i < 15; i++) lines.line('ADDED', object(`n${i}`));
  t.equal(lines.line('ADDED', old), line);
  lines.line('ADDED', object('one more'));
  const again = lines.line('ADDED', old);
  t.not(again, line);
  for (let i = 0; i < 3; i++) lines.line('ADDED', object(`large-${i}`, 'x'.repeat(100_000)));
  t.not(lines.line('ADDED', old), again);
  const huge = object('huge', 'x'.repeat(300_000));
  t.not(lines.line('ADDED', huge), lines.line('ADDED', huge));
});

t.test('many who are told at once are told in groups, in order, and others come in between', async (t) => {
  const lines = new WatchLines();
  const told: number[] = [];
  const tell = async (number: number) => {
    await lines.turn();
    told.push(number);
  };
  const all = Array.from({ length: 100 }, (_, number) => tell(number));
  await Promise.resolve();
  const seen: number[] = [];
  const between = async () => {
    while (told.length < 100) {
      seen.push(told.length);
      await nextTurn();
    }
  };
  await Promise.all([...all, between()]);
  t.same(
    told,
    Array.from({ length: 100 }, (_, number) => number),
  );
  t.same([...new Set(seen)], [32, 64, 96]);
  await nextTurn();
  await nextTurn();
  t.equal(lines.turn(), undefined, 'nobody waits when few are told');
});
