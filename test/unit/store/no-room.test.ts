// A store whose disk has no room: what needs the disk is refused with a Status, everything else goes on.
import t from 'tap';
import { LevelStore } from '../../../src/store/level-store.ts';
import type { Decision, Entry } from '../../../src/store/store.ts';
import { MemoryEngine } from '../../support/memory-engine.ts';
import { configMapKey, put } from '../../support/store-contract.ts';

async function startedStore() {
  const engine = new MemoryEngine();
  const told: boolean[] = [];
  const onFatal = (error: Error) => {
    throw error;
  };
  const store = new LevelStore({ engine, onFatal, onRoom: (hasRoom) => told.push(hasRoom) });
  await store.start();
  await store.write(configMapKey('before'), put('before'));
  return { engine, store, told };
}

const keys = (store: LevelStore) => store.list('').map(({ key }) => key);

t.test('a write is refused before anything reaches the disk, and taken once there is room', async (t) => {
  const { engine, store, told } = await startedStore();
  const reached = engine.batches.length;
  engine.isFull = true;
  const refusal = {
    name: 'StatusError',
    code: 507,
    reason: 'InsufficientStorage',
    message: /is full \(memory/,
  };
  await t.rejects(store.write(configMapKey('a'), put('a')), refusal);
  await t.rejects(store.write(configMapKey('a'), put('a')), refusal);
  t.equal(engine.batches.length, reached);
  t.same(keys(store), [configMapKey('before')], 'reads go on and show what is stored');
  engine.isFull = false;
  await store.write(configMapKey('a'), put('a'));
  t.same(keys(store), [configMapKey('a'), configMapKey('before')]);
  t.same(told, [false, true], 'told once each');
  await store.stop();
});

t.test(
  'what was decided on top of a refused write is refused with it, and nothing of it stays',
  async (t) => {
    const { engine, store } = await startedStore();
    engine.isFull = true;
    const results = await Promise.allSettled([
      store.write(configMapKey('a'), put('a', { text: 'one' })),
      store.write(configMapKey('a'), put('a', { text: 'two' })),
    ]);
    t.same(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    engine.isFull = false;
    let seen: unknown = 'nobody asked';
    await store.write(configMapKey('a'), (current, revision) => {
      seen = current;
      return put('a')(current, revision);
    });
    t.equal(seen, undefined);
    await store.stop();
  },
);

t.test('what refused writes had taken is given back, the newest first', async (t) => {
  const { engine, store } = await startedStore();
  const undone: string[] = [];
  const taking =
    (text: string) =>
    (current: Entry | undefined, revision: number): Decision => {
      const decision = put('a', { text })(current, revision);
      return decision && { ...decision, undo: () => undone.push(text) };
    };
  await store.write(configMapKey('kept'), taking('kept'));
  engine.isFull = true;
  await Promise.allSettled(['one', 'two'].map((text) => store.write(configMapKey('a'), taking(text))));
  t.same(undone, ['two', 'one']);
  await t.rejects(store.write(configMapKey('a'), taking('three')));
  t.same(undone, ['two', 'one', 'three'], 'also while the disk is known to be full');
  engine.isFull = false;
  await store.write(configMapKey('a'), taking('four'));
  t.same(undone, ['two', 'one', 'three', 'four'], 'it is decided once more when there is room again');
  t.match(store.get(configMapKey('a'))?.value, { data: { text: 'four' } });
  await store.stop();
});

t.test('what is kept in memory only is taken all the time', async (t) => {
  const { engine, store } = await startedStore();
  engine.isFull = true;
  await t.rejects(store.write(configMapKey('a'), put('a')));
  await store.write(configMapKey('beat'), put('beat'), { volatile: true });
  t.same(keys(store), [configMapKey('beat'), configMapKey('before')]);
  await store.stop();
});

t.test('all that was acknowledged is there after a restart', async (t) => {
  const { engine, store } = await startedStore();
  engine.isFull = true;
  await t.rejects(store.write(configMapKey('a'), put('a')));
  engine.isFull = false;
  await store.write(configMapKey('b'), put('b'));
  await store.stop();
  const again = new LevelStore({ engine: new MemoryEngine(engine.level), onFatal: (error) => t.fail(error) });
  await again.start();
  t.same(keys(again), [configMapKey('b'), configMapKey('before')]);
  await again.stop();
});
