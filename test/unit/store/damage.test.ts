import { randomBytes } from 'node:crypto';
import t from 'tap';
import { ValueCipher } from '../../../src/base/value-cipher.ts';
import { LevelStore, type LevelStoreOptions } from '../../../src/store/level-store.ts';
import { MemoryEngine } from '../../support/memory-engine.ts';
import { configMapKey, put } from '../../support/store-contract.ts';

const unexpected = (error: Error) => {
  throw error;
};

async function started(engine: MemoryEngine, options: Partial<LevelStoreOptions> = {}): Promise<LevelStore> {
  const store = new LevelStore({ engine, onFatal: unexpected, ...options });
  await store.start();
  return store;
}

async function filled(options: Partial<LevelStoreOptions> = {}): Promise<MemoryEngine> {
  const engine = new MemoryEngine();
  const store = await started(engine, options);
  for (const n of ['a', 'b', 'c']) await store.write(configMapKey(n), put(n, { secret: 'swordfish' }));
  await store.stop();
  return engine;
}

const refused = { name: 'StoreError', message: /^data directory memory: .*Nothing was deleted/ };

t.test('a vanished object is noticed', async (t) => {
  const engine = await filled();
  await engine.level.del(configMapKey('b'));
  await t.rejects(started(engine), {
    ...refused,
    message: /acknowledged data is missing: it holds 2 objects of 3/,
  });
});

t.test('an object that fell back to an earlier state is noticed', async (t) => {
  const engine = new MemoryEngine();
  const store = await started(engine);
  await store.write(configMapKey('a'), put('a', { v: '1' }));
  const earlier = await engine.level.get(configMapKey('a'));
  await store.write(configMapKey('a'), put('a', { v: '2' }));
  await store.stop();
  await engine.level.put(configMapKey('a'), earlier as Uint8Array);
  await t.rejects(started(engine), { ...refused, message: /not in their last state/ });
});

t.test('any changed byte of a value is noticed', async (t) => {
  const engine = await filled();
  const key = configMapKey('b');
  const whole = (await engine.level.get(key)) as Uint8Array;
  for (let at = 0; at < whole.length; at += 7) {
    const changed = Uint8Array.from(whole);
    changed[at] = (changed[at] as number) ^ 0x10;
    await engine.level.put(key, changed);
    await t.rejects(started(new MemoryEngine(engine.level)), refused, `byte ${at}`);
  }
  await engine.level.put(key, whole);
  await (await started(new MemoryEngine(engine.level))).stop();
});

t.test('objects without the record that counts them are refused', async (t) => {
  const engine = await filled();
  await engine.level.del('!head');
  await t.rejects(started(engine), { ...refused, message: /not the record that counts them/ });
});

t.test('values under the given prefixes are encrypted at rest, others stay readable', async (t) => {
  const cipher = new ValueCipher(randomBytes(32));
  const encryption = { cipher, prefixes: [configMapKey('b')] };
  const engine = await filled({ encryption });
  const text = async (n: string) =>
    Buffer.from((await engine.level.get(configMapKey(n))) ?? []).toString('latin1');
  t.match(await text('a'), 'swordfish');
  t.notMatch(await text('b'), 'swordfish');
  const store = await started(new MemoryEngine(engine.level), { encryption });
  t.match(store.get(configMapKey('b'))?.value, { data: { secret: 'swordfish' } });
  await store.stop();
  const other = { ...encryption, cipher: new ValueCipher(randomBytes(32)) };
  await t.rejects(started(new MemoryEngine(engine.level), { encryption: other }), {
    message: /configmaps\/default\/b was encrypted with another key/,
  });
  await t.rejects(started(new MemoryEngine(engine.level)), { message: /no key was given/ });
});

t.test('an encrypted value cannot be put in the place of another', async (t) => {
  const cipher = new ValueCipher(randomBytes(32));
  const sealed = cipher.encrypt('a', Buffer.from('x'));
  t.equal(cipher.decrypt('a', sealed).toString(), 'x');
  t.throws(() => cipher.decrypt('b', sealed));
  t.throws(() => new ValueCipher(randomBytes(16)), /32 bytes/);
});
