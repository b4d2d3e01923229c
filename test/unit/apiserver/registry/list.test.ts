import t from 'tap';
import { configMaps } from '../../../../src/api/kinds/config-map.ts';
import type { KubeObject } from '../../../../src/api/objects.ts';
import type { KindDefinition } from '../../../../src/api/scheme.ts';
import { listObjects, type ServerListOptions } from '../../../../src/apiserver/registry/list.ts';
import { LevelStore } from '../../../../src/store/level-store.ts';
import { MemoryEngine } from '../../../support/memory-engine.ts';

const kind = configMaps as unknown as KindDefinition;
const key = (name: string) => `/registry/core/configmaps/default/${name}`;
const object = (name: string, labels = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels } }) as KubeObject;

async function storeWith(names: string[], historyLength = 100) {
  const store = new LevelStore({
    engine: new MemoryEngine(),
    historyLength,
    onFatal: (error) => {
      throw error;
    },
  });
  await store.start();
  t.teardown(() => store.stop());
  const put = (name: string, labels = {}) => store.write(key(name), () => ({ put: object(name, labels) }));
  const remove = (name: string) => store.write(key(name), () => ({ remove: object(name) }));
  for (const name of names) await put(name);
  const list = (options: ServerListOptions = {}, nowMs = 0) =>
    listObjects(store, kind, { namespace: 'default', ...options }, nowMs);
  const names_ = (options: ServerListOptions = {}) =>
    list(options).items.map(({ metadata }) => metadata.name);
  return { store, put, remove, list, names: names_ };
}

t.test('pages show one revision, whatever is written between them', async (t) => {
  const { list, put, remove } = await storeWith(['a', 'b', 'c', 'd', 'e']);
  const first = list({ limit: 2 });
  t.same(
    first.items.map(({ metadata }) => metadata.name),
    ['a', 'b'],
  );
  t.equal(first.remainingItemCount, 3);
  await remove('c');
  await put('d', { changed: 'yes' });
  await put('aa');
  await put('dd');
  const second = list({ limit: 2, continue: first.continue });
  t.same(
    second.items.map(({ metadata }) => metadata.name),
    ['c', 'd'],
  );
  t.same(second.items[1]?.metadata.labels, {});
  t.equal(second.resourceVersion, first.resourceVersion);
  const third = list({ limit: 2, continue: second.continue });
  t.same(
    third.items.map(({ metadata }) => metadata.name),
    ['e'],
  );
  t.equal(third.continue, undefined);
});

t.test('a token whose revision left the history is 410 with one that goes on from there', async (t) => {
  const { list, put } = await storeWith(['a', 'b', 'c'], 2);
  const first = list({ limit: 1 });
  for (let i = 0; i < 10; i++) await put(`x${i}`);
  try {
    list({ limit: 1, continue: first.continue });
    t.fail('the token is too old');
  } catch (error) {
    t.match(error, { reason: 'Expired', code: 410 });
    const fresh = (error as { listMeta: { continue: string } }).listMeta.continue;
    t.same(
      list({ limit: 2, continue: fresh }).items.map(({ metadata }) => metadata.name),
      ['b', 'c'],
    );
  }
});

t.test(
  'pages are given out for five minutes from the first one, and a fresh token goes on from there',
  async (t) => {
    const { list, put } = await storeWith(['a', 'b', 'c', 'd']);
    const minuteMs = 60_000;
    const first = list({ limit: 1 });
    const second = list({ limit: 1, continue: first.continue }, 4 * minuteMs);
    await put('e');
    t.equal(list({ limit: 1, continue: second.continue }, 5 * minuteMs).items[0]?.metadata.name, 'c');
    try {
      list({ limit: 1, continue: second.continue }, 5 * minuteMs + 1);
      t.fail('the pages are too old');
    } catch (error) {
      t.match(error, { reason: 'Expired', code: 410 });
      const { listMeta } = error as { listMeta: { continue: string } };
      const rest = list({ limit: 2, continue: listMeta.continue }, 9 * minuteMs);
      t.same(
        rest.items.map(({ metadata }) => metadata.name),
        ['c', 'd'],
      );
      t.equal(rest.remainingItemCount, 1);
      t.not(rest.resourceVersion, first.resourceVersion);
    }
  },
);

t.test('the list that goes on has another revision, also where nobody writes', async (t) => {
  const { list, store } = await storeWith(['a', 'b']);
  const first = list({ limit: 1 });
  t.throws(() => list({ continue: first.continue }, 600_000), { reason: 'Expired', code: 410 });
  await store.write(key('none'), () => undefined);
  t.equal(Number(list().resourceVersion), Number(first.resourceVersion) + 1);
  t.equal(list().items.length, 2);
});

t.test('an exact revision shows the past, and expires', async (t) => {
  const { names, put, remove, store } = await storeWith(['a', 'b']);
  const resourceVersion = String(store.revision);
  await remove('a');
  await put('c');
  const exact = { resourceVersion, resourceVersionMatch: 'Exact' };
  t.same(names(exact), ['a', 'b']);
  t.same(names({ resourceVersion, resourceVersionMatch: 'NotOlderThan' }), ['b', 'c']);
  t.throws(() => names({ ...exact, resourceVersion: '0' }), { reason: 'Invalid', code: 422 });
  t.throws(() => names({ resourceVersionMatch: 'Exact' }), { reason: 'Invalid', code: 422 });
});

t.test('selected pages do not count what remains', async (t) => {
  const { list, put } = await storeWith([]);
  for (const name of ['a', 'b', 'c']) await put(name, { in: 'yes' });
  const first = list({ limit: 2, labelSelector: 'in=yes' });
  t.ok(first.continue);
  t.equal(first.remainingItemCount, undefined);
});

t.test('a namespace whose name begins another one shows only its own', async (t) => {
  const { store, names } = await storeWith(['a']);
  await store.write('/registry/core/configmaps/default-2/z', () => ({ put: object('z') }));
  t.same(names(), ['a']);
  t.same(names({ namespace: 'defaul' }), []);
});

t.test('a token that is none of ours is 400', async (t) => {
  const { list } = await storeWith([]);
  for (const token of ['x', 'e30', Buffer.from('{"v":2}').toString('base64url')]) {
    t.throws(() => list({ continue: token }), { code: 400 }, token);
  }
});
