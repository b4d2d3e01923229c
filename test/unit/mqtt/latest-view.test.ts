import t from 'tap';
import { LatestView } from '../../../src/mqtt/latest-view.ts';

t.test('the newest of an epoch stays, and a new epoch is new whatever its revision', async (t) => {
  const view = new LatestView<{ epoch: string; revision: number }>();
  const heard: number[] = [];
  const stop = view.onChange(({ revision }) => heard.push(revision));
  view.put({ epoch: 'e', revision: 5 });
  view.put({ epoch: 'e', revision: 4 });
  view.put({ epoch: 'e', revision: 5 });
  view.put({ epoch: 'f', revision: 1 });
  stop();
  view.put({ epoch: 'f', revision: 2 });
  t.same(heard, [5, 1]);
  t.equal(view.current()?.revision, 2);
});
