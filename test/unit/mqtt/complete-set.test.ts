import fc from 'fast-check';
import t from 'tap';
import { CompleteSet, type Listing } from '../../../src/mqtt/complete-set.ts';
import { type Step, SyncModel } from '../../support/sync-model.ts';

const step = (...ops: Step['op'][]): fc.Arbitrary<Step> =>
  fc.record({ op: fc.constantFrom(...ops), a: fc.nat(50), b: fc.nat(1000) });

/** Value texts are `epoch uid revision`: what is shown must be what the newest listing names, or newer. */
function isNotWhatIsListed(shown: ReadonlyMap<string, string>, listing: Listing | undefined): boolean {
  if (!listing || shown.size !== listing.entries.size) return true;
  return [...listing.entries].some(([id, entry]) => {
    const [epoch, uid, revision] = shown.get(id)?.split(' ') ?? [];
    return epoch !== listing.epoch || uid !== entry.uid || Number(revision) < entry.revision;
  });
}

/** Within an epoch and uid the shown revision must not fall. */
function goesBack(
  before: ReadonlyMap<string, string> | undefined,
  after: ReadonlyMap<string, string>,
): boolean {
  return [...after].some(([id, value]) => {
    const [epoch, uid, revision] = value.split(' ');
    const [oldEpoch, oldUid, oldRevision] = before?.get(id)?.split(' ') ?? [];
    return epoch === oldEpoch && uid === oldUid && Number(revision) < Number(oldRevision);
  });
}

t.test(
  'whatever is lost, repeated or reordered, only what the newest listing names is shown, and the next session converges',
  async (t) => {
    const all = step(
      'put',
      'put',
      'remove',
      'deliver',
      'deliver',
      'deliver',
      'repeat',
      'lose',
      'reconnect',
      'restart',
      'restore',
    );
    fc.assert(
      fc.property(fc.array(all, { minLength: 20, maxLength: 120 }), fc.nat(1000), (steps, seed) => {
        const view = new CompleteSet<string>();
        const model = new SyncModel(view, false);
        for (const next of steps) {
          const before = view.current;
          model.do(next);
          const after = view.current;
          if (after && after !== before && isNotWhatIsListed(after, model.newest)) {
            throw new Error('shown, but not what the newest listing names');
          }
          if (after && goesBack(before, after)) throw new Error('a value went back within its epoch');
        }
        model.reconnect(seed);
        model.deliverAll(seed);
        t.same([...(view.current ?? [])].sort(), model.wanted);
      }),
      { numRuns: 600 },
    );
  },
);

t.test(
  'with nothing lost and topics in their own order it converges within the session, in any interleaving',
  async (t) => {
    const all = step('put', 'put', 'remove', 'deliver', 'deliver', 'repeat', 'restart', 'restore');
    fc.assert(
      fc.property(fc.array(all, { minLength: 20, maxLength: 120 }), fc.nat(1000), (steps, seed) => {
        const view = new CompleteSet<string>();
        const model = new SyncModel(view, true);
        for (const next of steps) model.do(next);
        model.deliverAll(seed);
        t.same([...(view.current ?? [])].sort(), model.wanted);
      }),
      { numRuns: 600 },
    );
  },
);

const listing = (revision: number, ids: Record<string, number>, epoch = 'e') => ({
  epoch,
  revision,
  entries: new Map(Object.entries(ids).map(([id, revision]) => [id, { uid: id, revision }])),
});
const item = (id: string, revision: number, epoch = 'e') => ({
  epoch,
  revision,
  uid: id,
  value: `${id}${revision}`,
});

t.test('nothing shows before the listing, nor before its last item', async (t) => {
  const set = new CompleteSet<string>();
  set.put('a', item('a', 1));
  t.equal(set.current, undefined);
  set.list(listing(2, { a: 1, b: 2 }));
  t.equal(set.current, undefined);
  t.same(set.put('b', item('b', 2)), new Set(['a', 'b']));
  t.same(set.list(listing(3, {})), new Set(['a', 'b']));
  t.equal(set.current?.size, 0, 'an empty set is a set');
});

t.test('a repeat says nothing, and a listed item that grew newer shows at once', async (t) => {
  const set = new CompleteSet<string>();
  set.list(listing(1, { a: 1 }));
  set.put('a', item('a', 1));
  t.equal(set.put('a', item('a', 1)), undefined);
  t.equal(set.list(listing(1, { a: 1 })), undefined);
  t.same(set.put('a', item('a', 4)), new Set(['a']));
  t.equal(set.put('a', item('a', 3)), undefined);
  t.same(set.current?.get('a'), 'a4');
});

t.test(
  'late messages of an epoch that is over are ignored, and its return in a new session is not',
  async (t) => {
    const set = new CompleteSet<string>();
    set.list(listing(9, {}, 'old'));
    set.list(listing(1, { a: 1 }, 'new'));
    set.put('a', item('a', 1, 'new'));
    t.equal(set.list(listing(10, {}, 'old')), undefined);
    t.equal(set.current?.size, 1);
    set.beginSession();
    t.ok(set.list(listing(10, {}, 'old')));
    t.equal(set.current?.size, 0);
  },
);
