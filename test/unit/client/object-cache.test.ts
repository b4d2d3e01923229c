import t from 'tap';
import { ObjectCache } from '../../../src/client/object-cache.ts';
import { makePod } from '../../support/make-pod.ts';

const names = (objects: readonly { metadata: { name: string } }[]) =>
  objects.map((o) => o.metadata.name).sort();

t.test('objects are found by key, by namespace and by index, added before or after them', async (t) => {
  const cache = new ObjectCache();
  const byLabel = ({ metadata }: { metadata: { labels?: Record<string, string> } }) =>
    metadata.labels?.app ? [metadata.labels.app] : [];
  cache.put(makePod({ name: 'a', labels: { app: 'x' } }));
  cache.addIndex('app', byLabel);
  cache.put(makePod({ name: 'b', namespace: 'other', labels: { app: 'x' } }));
  t.equal(cache.get('default/a')?.metadata.name, 'a');
  t.same(names(cache.inNamespace('other')), ['b']);
  t.same(names(cache.byIndex('app', 'x')), ['a', 'b']);
  t.same(cache.byIndex('app', 'y'), []);
  t.throws(() => cache.byIndex('none', 'x'), /no index none/);
});

t.test('a changed object leaves the places that it no longer belongs to', async (t) => {
  const cache = new ObjectCache<ReturnType<typeof makePod>>();
  cache.addIndex('node', ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  cache.put(makePod({ name: 'a', nodeName: 'one' }));
  cache.put(makePod({ name: 'a', nodeName: 'two' }));
  t.same(cache.byIndex('node', 'one'), []);
  t.same(names(cache.byIndex('node', 'two')), ['a']);
  cache.remove('default/a');
  t.same(cache.byIndex('node', 'two'), []);
  t.same(cache.list(), []);
});
