import fc from 'fast-check';
import t from 'tap';
import { TopicTree } from '../../../src/mqtt/topic-tree.ts';
import { filterMatches } from '../../support/topic-filter.ts';

const level = fc.constantFrom('a', 'b', 'c', '$x', '');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '+', '$x', ''), { minLength: 0, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => (rest || levels.length === 0 ? [...levels, '#'] : levels).join('/'));

t.test('a filter finds exactly what it means, as a walk over all topics would', async (t) => {
  fc.assert(
    fc.property(fc.array(topic), fc.array(topic), filter, (put, removed, wanted) => {
      const tree = new TopicTree<string>();
      for (const name of put) tree.set(name, name);
      for (const name of removed) tree.delete(name);
      const left = new Set(put.filter((name) => !removed.includes(name)));
      t.equal(tree.size, left.size);
      t.same([...tree.match(wanted)].sort(), [...left].filter((name) => filterMatches(wanted, name)).sort());
    }),
    { numRuns: 500 },
  );
});

t.test('filters mean what MQTT 3.1.1, 4.7 says', async (t) => {
  const cases: [string, string, boolean][] = [
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
  ];
  for (const [wanted, name, expected] of cases)
    t.equal(filterMatches(wanted, name), expected, `${wanted} ${name}`);
});

t.test('a value is replaced in place and gone once deleted', async (t) => {
  const tree = new TopicTree<number>();
  tree.set('a/b', 1);
  tree.set('a/b', 2);
  t.equal(tree.size, 1);
  t.equal(tree.get('a/b'), 2);
  t.equal(tree.get('a'), undefined);
  tree.delete('a');
  tree.delete('a/b/c');
  t.equal(tree.get('a/b'), 2);
  tree.delete('a/b');
  t.equal(tree.size, 0);
});
