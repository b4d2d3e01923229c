import t from 'tap';
import { LevelStore } from '../../../src/store/level-store.ts';
import { MemoryEngine } from '../../support/memory-engine.ts';
import { configMapKey, put } from '../../support/store-contract.ts';

const unexpected = (error: Error) => {
  throw error;
};

/** Lets a test hold the disk: batches wait until it lets go. */
function heldDisk() {
  const engine = new MemoryEngine();
  const waiting: (() => void)[] = [];
  engine.beforeBatch = () => new Promise<void>((resolve) => waiting.push(resolve));
  return { engine, waiting };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function startedStore(
  engine: MemoryEngine,
  onFatal: (error: Error) => void = unexpected,
): Promise<LevelStore> {
  const hold = engine.beforeBatch;
  engine.beforeBatch = () => {};
  const store = new LevelStore({ engine, onFatal });
  await store.start();
  engine.beforeBatch = hold;
  return store;
}

t.test('writes that come while a commit is under way share the next one', async (t) => {
  const { engine, waiting } = heldDisk();
  const store = await startedStore(engine);
  const before = engine.batches.length;
  const first = store.write(configMapKey('a'), put('a'));
  await settle();
  const others = ['b', 'c', 'd'].map((n) => store.write(configMapKey(n), put(n)));
  await settle();
  t.equal(waiting.length, 1);
  waiting.shift()?.();
  await first;
  t.same(store.list('').length, 1, 'only what is durable is visible');
  await settle();
  waiting.shift()?.();
  await Promise.all(others);
  t.equal(engine.batches.length - before, 2);
  t.equal(store.list('').length, 4);
  await store.stop();
});

t.test('a volatile write waits for a durable one before it and touches no disk of its own', async (t) => {
  const { engine, waiting } = heldDisk();
  const store = await startedStore(engine);
  const warm = store.write(configMapKey('w'), put('w'));
  await settle();
  waiting.shift()?.();
  await warm;
  const before = engine.batches.length;
  await store.write(configMapKey('v'), put('v'), { volatile: true });
  t.equal(engine.batches.length, before);
  const durable = store.write(configMapKey('a'), put('a'));
  await settle();
  let shown = false;
  const later = store.write(configMapKey('v'), put('v'), { volatile: true }).then(() => {
    shown = true;
  });
  await settle();
  t.notOk(shown);
  waiting.shift()?.();
  await Promise.all([durable, later]);
  await store.stop();
});

t.test('an idle store writes nothing, and volatile writes cost one small write per block', async (t) => {
  const engine = new MemoryEngine();
  const store = new LevelStore({ engine, onFatal: unexpected, revisionBlock: 100 });
  await store.start();
  for (let i = 0; i < 1000; i++) await store.write(configMapKey('v'), put('v'), { volatile: true });
  t.ok(engine.batches.length <= 1 + 11, `${engine.batches.length} batches`);
  t.ok(engine.batches.every((batch) => batch.length === 1));
  await store.stop();
});

t.test('a failing disk rejects what waits and all that follows, and is told once', async (t) => {
  const engine = new MemoryEngine();
  const fatal: Error[] = [];
  const store = await startedStore(engine, (error) => fatal.push(error));
  await store.write(configMapKey('a'), put('a'));
  engine.beforeBatch = () => {
    throw new Error('EIO: i/o error, write');
  };
  const failing = store.write(configMapKey('b'), put('b'));
  const results = await Promise.allSettled([failing, store.write(configMapKey('c'), put('c'))]);
  t.same(
    results.map((r) => r.status),
    ['rejected', 'rejected'],
  );
  await t.rejects(store.write(configMapKey('d'), put('d')), /EIO/);
  t.same(
    store.list('').map((e) => e.key),
    [configMapKey('a')],
  );
  t.equal(fatal.length, 1);
  await store.stop();
});

t.test('a full disk is told as such, with what to do', async (t) => {
  const engine = new MemoryEngine();
  const fatal: Error[] = [];
  const store = await startedStore(engine, (error) => fatal.push(error));
  engine.beforeBatch = () => {
    throw new Error('IO error: 000006.log: No space left on device');
  };
  await t.rejects(store.write(configMapKey('a'), put('a')), { name: 'StoreError' });
  t.match(fatal[0]?.message, /^data directory memory: its disk is full\. Free some space there/);
  await store.stop();
});

t.test('a listener that throws is reported and does not keep others from hearing', async (t) => {
  const fatal: Error[] = [];
  const store = await startedStore(new MemoryEngine(), (error) => fatal.push(error));
  let heard = 0;
  store.watch('', store.revision, () => {
    throw new Error('broken listener');
  });
  store.watch('', store.revision, (events) => {
    heard += events.length;
  });
  await store.write(configMapKey('a'), put('a'));
  t.equal(heard, 1);
  t.match(fatal, [{ message: 'broken listener' }]);
  await store.stop();
});
