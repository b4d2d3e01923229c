// What every store must do, whatever engine is below: run by the unit tests in memory and by the integration tests
// on disk, so that the two cannot drift.
import t from 'tap';
import type { KubeObject } from '../../src/api/objects.ts';
import type { LevelStoreOptions } from '../../src/store/level-store.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import type { Decision, Entry, Store, StoreEvent } from '../../src/store/store.ts';

export interface StorePlace {
  /** An engine on the place's data: called again after a stop, it finds what was stored. */
  engine(): LevelStoreOptions['engine'];
  remove(): Promise<void>;
}

export const configMapKey = (name: string, namespace = 'default') =>
  `/registry/core/configmaps/${namespace}/${name}`;

export function configMap(name: string, data: Record<string, string>, revision: number): KubeObject {
  const metadata = {
    name,
    uid: name,
    resourceVersion: String(revision),
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as KubeObject;
}

export const put =
  (name: string, data: Record<string, string> = {}) =>
  (_: Entry | undefined, revision: number): Decision => ({ put: configMap(name, data, revision) });

/** As a lease is renewed. */
export const move =
  (name: string, data: Record<string, string>) =>
  (_: Entry | undefined, revision: number): Decision => ({
    put: configMap(name, data, revision),
    moving: true,
  });

export const remove = (current: Entry | undefined): Decision => current && { remove: current.value };

export async function openStore(
  place: StorePlace,
  options: Partial<LevelStoreOptions> = {},
): Promise<LevelStore> {
  const store = new LevelStore({
    engine: place.engine(),
    onFatal: (error) => {
      throw error;
    },
    ...options,
  });
  await store.start();
  return store;
}

const short = (events: readonly StoreEvent[]) =>
  events.map((e) => `${e.type} ${e.key.slice(e.key.lastIndexOf('/') + 1)} ${e.revision}`);

export function storeContract(name: string, makePlace: () => Promise<StorePlace>): void {
  t.test(`store ${name}`, async (t) => {
    let place: StorePlace;
    let store: LevelStore;
    t.beforeEach(async () => {
      place = await makePlace();
      store = await openStore(place);
    });
    t.afterEach(async () => {
      await store.stop();
      await place.remove();
    });
    const reopen = async (options: Partial<LevelStoreOptions> = {}) => {
      await store.stop();
      store = await openStore(place, options);
    };

    t.test('gives each write the next revision and shows it once acknowledged', async (t) => {
      const first = store.revision;
      const promise = store.write(configMapKey('a'), put('a'));
      t.equal(store.get(configMapKey('a')), undefined, 'not visible before it is durable');
      const entry = await promise;
      t.equal(entry?.revision, first + 1);
      t.equal(store.revision, first + 1);
      t.same(store.get(configMapKey('a')), entry);
    });

    t.test('decides against the newest write of a key, also one that is not visible yet', async (t) => {
      const count = (current: Entry | undefined, revision: number): Decision => {
        const data = (current?.value as { data?: { n: string } } | undefined)?.data;
        return { put: configMap('n', { n: String(Number(data?.n ?? 0) + 1) }, revision) };
      };
      await Promise.all(Array.from({ length: 50 }, () => store.write(configMapKey('n'), count)));
      t.match(store.get(configMapKey('n'))?.value, { data: { n: '50' } });
    });

    t.test(
      'draws no revision for a decision to do nothing, and waits for what that decision saw',
      async (t) => {
        const before = store.revision;
        const write = store.write(configMapKey('a'), put('a'));
        const seen = await store.write(configMapKey('a'), () => undefined);
        t.equal(store.revision, before + 1);
        t.same(seen, store.get(configMapKey('a')));
        t.same(await write, seen);
        t.equal(await store.write(configMapKey('none'), remove), undefined);
        t.equal(
          await store.write(configMapKey('none'), () => ({ remove: configMap('none', {}, 1) })),
          undefined,
        );
        t.equal(store.revision, before + 1);
      },
    );

    t.test('rejects with what the decision throws and writes nothing', async (t) => {
      const before = store.revision;
      const refuse = () => {
        throw new Error('refused');
      };
      await t.rejects(store.write(configMapKey('a'), refuse), { message: 'refused' });
      await store.write(configMapKey('b'), put('b'));
      t.equal(store.revision, before + 1);
      t.same(
        store.list('/registry/').map((e) => e.key),
        [configMapKey('b')],
      );
    });

    t.test('lists by prefix in key order', async (t) => {
      for (const n of ['c', 'a', 'b']) await store.write(configMapKey(n), put(n));
      await store.write(configMapKey('a', 'default-2'), put('a'));
      await store.write('/registry/core/configmapsx/default/z', put('z'));
      const names = (prefix: string) => store.list(prefix).map((e) => e.key.slice(prefix.length));
      t.same(names('/registry/core/configmaps/default/'), ['a', 'b', 'c']);
      t.same(names('/registry/core/configmaps/'), ['default-2/a', 'default/a', 'default/b', 'default/c']);
      t.same(names('/none'), []);
    });

    t.test('tells a watch what history holds, then what comes, each change once and in order', async (t) => {
      const start = store.revision;
      await store.write(configMapKey('a'), put('a'));
      await store.write(configMapKey('a'), put('a', { k: 'v' }));
      const seen: string[] = [];
      const stop = store.watch('/registry/core/', start + 1, (events) => seen.push(...short(events)));
      t.same(seen, [`MODIFIED a ${start + 2}`], 'history comes at once');
      await Promise.all([store.write(configMapKey('b'), put('b')), store.write(configMapKey('a'), remove)]);
      await store.write('/registry/apps/things/default/x', put('x'));
      stop();
      await store.write(configMapKey('c'), put('c'));
      t.same(seen.slice(1), [`ADDED b ${start + 3}`, `DELETED a ${start + 4}`]);
    });

    t.test('gives a watch the value before the change', async (t) => {
      const events: StoreEvent[] = [];
      const stop = store.watch('', store.revision, (e) => events.push(...e));
      await store.write(configMapKey('a'), put('a', { v: '1' }));
      await store.write(configMapKey('a'), put('a', { v: '2' }));
      stop();
      t.equal(events[0]?.previous, undefined);
      t.equal(events[1]?.previous, events[0]?.value);
    });

    t.test('lets a listener write, and shows every listener the same order', async (t) => {
      const seen: string[][] = [[], []];
      const stops = seen.map((list, i) =>
        store.watch('', store.revision, (events) => {
          list.push(...events.map((e) => e.key));
          if (i === 0 && events.some((e) => e.key.endsWith('/a')))
            void store.write(configMapKey('b'), put('b'), { volatile: true });
        }),
      );
      await store.write(configMapKey('a'), put('a'));
      await store.write(configMapKey('c'), put('c'));
      for (const stop of stops) stop();
      t.same(seen[0], [configMapKey('a'), configMapKey('b'), configMapKey('c')]);
      t.same(seen[1], seen[0]);
    });

    t.test('refuses a watch from before its history or from another one', async (t) => {
      await reopen({ historyLength: 4 });
      const start = store.revision;
      for (let i = 0; i < 20; i++) await store.write(configMapKey('a'), put('a'));
      t.throws(() => store.watch('', start, () => {}), { reason: 'Expired', code: 410 });
      t.throws(() => store.watch('', store.revision + 1, () => {}), {
        message: /too old/,
        reason: 'Expired',
      });
      t.ok(store.oldestRevision > start && store.oldestRevision <= store.revision - 4);
      let count = 0;
      store.watch('', store.oldestRevision, (events) => {
        count += events.length;
      })();
      t.equal(count, store.revision - store.oldestRevision);
    });

    t.test('tells who comes back the last of what moves, which pushes nothing out of history', async (t) => {
      await reopen({ historyLength: 4 });
      await store.write(configMapKey('lease'), put('lease', { holder: 'one' }));
      const start = store.revision;
      await store.write(configMapKey('a'), put('a'));
      for (let i = 0; i < 40; i++)
        await store.write(configMapKey('lease'), move('lease', { time: String(i) }));
      await store.write(configMapKey('b'), put('b'));
      const since = (revision: number, prefix = '') => {
        const seen: StoreEvent[] = [];
        store.watch(prefix, revision, (events) => seen.push(...events))();
        return seen;
      };
      const seen = since(start);
      t.same(short(seen), [`ADDED a ${start + 1}`, `MODIFIED lease ${start + 41}`, `ADDED b ${start + 42}`]);
      t.match(seen[1], { value: { data: { time: '39' } }, previous: { data: { holder: 'one' } } });
      t.same(short(since(start + 30)), short(seen.slice(1)), 'also to who saw some of it');
      t.same(short(since(start + 41)), short(seen.slice(2)));
      t.same(since(start, '/registry/apps/'), []);
      await store.write(configMapKey('lease'), remove);
      t.same(
        since(start).map(({ type }) => type),
        ['ADDED', 'ADDED', 'DELETED'],
      );
      await store.write(configMapKey('d'), put('d', { v: 'stored' }));
      await store.write(configMapKey('d'), move('d', { v: 'moved' }));
      t.match(store.get(configMapKey('d'))?.value, { data: { v: 'moved' } });
      await reopen();
      t.match(store.get(configMapKey('d'))?.value, { data: { v: 'stored' } });
    });

    t.test(
      'holds everything after a restart, with the same revisions, and never gives a revision again',
      async (t) => {
        const epoch = store.epoch;
        for (const n of ['a', 'b', 'c']) await store.write(configMapKey(n), put(n));
        await store.write(configMapKey('b'), remove);
        await store.write(configMapKey('v'), put('v'), { volatile: true });
        const last = store.revision;
        const stored = store.list('').filter((e) => !e.key.endsWith('/v'));
        await reopen();
        t.equal(store.epoch, epoch);
        t.same(store.list(''), stored);
        t.ok(store.revision >= last);
        t.equal(store.oldestRevision, store.revision);
        t.throws(() => store.watch('', last - 1, () => {}), { message: /too old/, reason: 'Expired' });
        const entry = await store.write(configMapKey('d'), put('d'));
        t.ok((entry?.revision ?? 0) > last);
      },
    );

    t.test('never gives a revision again, however many volatile writes there were', async (t) => {
      await reopen({ revisionBlock: 10 });
      let last = store.revision;
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 7 * round; i++)
          await store.write(configMapKey('v'), put('v'), { volatile: true });
        t.ok(store.revision >= last);
        last = store.revision;
        await reopen({ revisionBlock: 10 });
        t.ok(store.revision >= last, 'a start begins above all that was given out');
      }
    });

    t.test('keeps volatile writes in memory only, in line with durable ones', async (t) => {
      await store.write(configMapKey('a'), put('a', { v: 'stored' }));
      const order: string[] = [];
      store.watch('', store.revision, (events) => order.push(...events.map((e) => e.key)));
      await Promise.all([
        store.write(configMapKey('b'), put('b')),
        store.write(configMapKey('a'), put('a', { v: 'volatile' }), { volatile: true }),
        store.write(configMapKey('c'), put('c')),
      ]);
      t.same(
        order,
        ['b', 'a', 'c'].map((n) => configMapKey(n)),
      );
      t.match(store.get(configMapKey('a'))?.value, { data: { v: 'volatile' } });
      await reopen();
      t.match(store.get(configMapKey('a'))?.value, { data: { v: 'stored' } });
    });

    t.test('makes a removal last even when it was asked for as volatile', async (t) => {
      await store.write(configMapKey('a'), put('a'));
      await store.write(configMapKey('a'), remove, { volatile: true });
      await reopen();
      t.equal(store.get(configMapKey('a')), undefined);
    });

    t.test('finishes what was begun when it is stopped, then refuses', async (t) => {
      const writes = [1, 2, 3].map((n) => store.write(configMapKey(`k${n}`), put(`k${n}`)));
      await store.stop();
      t.equal((await Promise.all(writes)).length, 3);
      await t.rejects(store.write(configMapKey('late'), put('late')), /not running/);
      await store.stop();
      store = await openStore(place);
      t.equal(store.list('').length, 3);
    });
  });
}

export type { Store };
