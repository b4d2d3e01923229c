import t from 'tap';
import type { Pod } from '../../../src/api/objects.ts';
import { ObjectCache } from '../../../src/client/object-cache.ts';
import { WrittenObjects } from '../../../src/client/written-objects.ts';
import { makePod } from '../../support/make-pod.ts';

const at = (name: string, revision: number, more = {}): Pod => {
  const pod = makePod({ name, ...more });
  return { ...pod, metadata: { ...pod.metadata, resourceVersion: String(revision) } };
};

function setUp(...cached: Pod[]) {
  const lister = new ObjectCache<Pod>();
  for (const pod of cached) lister.put(pod);
  const informer = { lister, revision: 10 };
  const written = new WrittenObjects<Pod>(informer);
  const seen = () =>
    written
      .list('default')
      .map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)
      .sort();
  return { lister, informer, written, seen };
}

t.test('what was written is there before the informer has heard of it, and only until then', async (t) => {
  const { lister, informer, written, seen } = setUp(at('a', 3));
  written.wrote(at('a', 11));
  written.wrote(at('b', 12));
  t.same(seen(), ['a@11', 'b@12']);
  t.equal(written.get('default/b')?.metadata.resourceVersion, '12');
  lister.put(at('a', 11));
  lister.put(at('a', 13));
  informer.revision = 13;
  t.same(seen(), ['a@13'], 'b was removed by somebody else meanwhile');
});

t.test('what was deleted is gone before the informer has heard of it', async (t) => {
  const { lister, written, seen } = setUp(at('a', 3), at('b', 4));
  written.deleted(at('a', 3));
  t.same(seen(), ['b@4']);
  t.equal(written.get('default/a'), undefined);
  lister.put(at('a', 14, { deletedAt: '2026-01-01T00:00:00Z' }));
  t.same(seen(), ['a@14', 'b@4'], 'from then on the object itself says that it goes');
});

t.test('a new object of the same name is not taken for the deleted one', async (t) => {
  const { lister, written, seen } = setUp(at('a', 3));
  written.deleted(at('a', 3));
  lister.put(at('a', 15, { uid: 'another' }));
  t.same(seen(), ['a@15']);
});

t.test('an object that was made and deleted before the informer heard of it stays gone', async (t) => {
  const { informer, written, seen } = setUp();
  written.wrote(at('a', 11));
  written.deleted(at('a', 11));
  t.same(seen(), []);
  informer.revision = 12;
  t.same(seen(), []);
});
