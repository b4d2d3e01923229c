// Who is in a crowd while others come and go.
import t from 'tap';
import { Crowd, type Place } from '../../../src/base/crowd.ts';
import { seededRandom } from '../../support/seeded-random.ts';

t.test('who came and has not left is there, in whatever order they go', async (t) => {
  const random = seededRandom(7);
  const crowd = new Crowd<number>();
  const places = new Map<number, Place<number>>();
  for (let item = 0; item < 2000; item++) {
    places.set(item, crowd.add(item));
    const leaving = [...places.keys()][Math.floor(random() * places.size * 2)];
    if (leaving === undefined) continue;
    places.get(leaving)?.leave();
    places.delete(leaving);
  }
  t.same(new Set(crowd.items()), new Set(places.keys()));
  t.equal(crowd.size, places.size);
});

t.test('who has left stays so, also when leaving again after others have come', async (t) => {
  const crowd = new Crowd<string>();
  const a = crowd.add('a');
  a.leave();
  crowd.add('b');
  a.leave();
  t.same(crowd.items(), ['b']);
});

t.test('all are taken at once, and their places are theirs no more', async (t) => {
  const crowd = new Crowd<string>();
  const a = crowd.add('a');
  crowd.add('b');
  t.same(crowd.takeAll(), ['a', 'b']);
  crowd.add('c');
  a.leave();
  t.same(crowd.items(), ['c']);
});
