import t from 'tap';
import { KeptViews } from '../../../src/proxy/kept-views.ts';

t.test('a size that comes again has the same view, and each size what it asks for', async (t) => {
  const views = new KeptViews(Buffer.from('0123456789'.repeat(20)), 10);
  const text = (count: number) => Buffer.from(views.first(count)).toString();
  t.equal(views.first(5), views.first(5));
  t.equal(text(5), '01234');
  t.equal(text(69), '0123456789'.repeat(7).slice(0, 69), 'also one that takes the place of another');
  t.equal(text(5), '01234');
  t.equal(views.first(0).length, 0);
});
