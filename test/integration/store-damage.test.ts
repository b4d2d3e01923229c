// What becomes of a data directory that somebody or something has damaged: one clear error, nothing deleted.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { DiskEngine } from '../../src/store/disk-engine.ts';
import { LevelStore } from '../../src/store/level-store.ts';
import { configMapKey, put } from '../support/store-contract.ts';

const newStore = (directory: string) =>
  new LevelStore({
    engine: new DiskEngine({ directory }),
    onFatal: (error) => {
      throw error;
    },
  });

async function filledDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'edge-store-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const store = newStore(directory);
  await store.start();
  for (let i = 0; i < 50; i++)
    await store.write(configMapKey(`k${i}`), put(`k${i}`, { text: 'x'.repeat(500) }));
  await store.stop();
  return directory;
}

const databaseFile = async (directory: string, end: RegExp) =>
  join(directory, 'db', (await readdir(join(directory, 'db'))).find((n) => end.test(n)) ?? 'none');

async function contents(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !/\/(LOG|LOG\.old|LOCK)$/.test(path)) found[path] = await readFile(path, 'latin1');
  }
  return found;
}

async function refuses(t: Test, directory: string, message: RegExp): Promise<void> {
  const before = await contents(directory);
  const error = await t.rejects(newStore(directory).start(), { name: 'StoreError', message });
  t.match(String(error), directory, 'the directory is named');
  t.strictSame(await contents(directory), before, 'nothing was deleted or changed');
  await t.rejects(
    newStore(directory).start(),
    { name: 'StoreError', message },
    'and so it is at the next try',
  );
}

t.test('a second store on the same directory is refused, and works once the first has stopped', async (t) => {
  const directory = await filledDirectory(t);
  const first = newStore(directory);
  await first.start();
  await t.rejects(newStore(directory).start(), { name: 'StoreError', message: /another process uses it/ });
  await first.write(configMapKey('more'), put('more'));
  await first.stop();
  const second = newStore(directory);
  await second.start();
  t.equal(second.list('').length, 51);
  await second.stop();
});

t.test('a directory held by another process is refused until that process is gone', async (t) => {
  const directory = await filledDirectory(t);
  const holder = fileURLToPath(new URL('../support/store-holder.ts', import.meta.url));
  const child = spawn(process.execPath, [holder, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await t.rejects(newStore(directory).start(), { name: 'StoreError', message: /another process uses it/ });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const store = newStore(directory);
  await store.start();
  t.equal(store.list('').length, 50);
  await store.stop();
});

t.test('a database that is gone is not taken for a new one', async (t) => {
  const directory = await filledDirectory(t);
  await rm(join(directory, 'db'), { recursive: true });
  await refuses(t, directory, /its database is gone/);
});

t.test('an older copy of the database is noticed', async (t) => {
  const directory = await filledDirectory(t);
  const old = await mkdtemp(join(tmpdir(), 'edge-store-'));
  t.teardown(() => rm(old, { recursive: true, force: true }));
  await cp(join(directory, 'db'), join(old, 'db'), { recursive: true });
  const store = newStore(directory);
  await store.start();
  await store.write(configMapKey('new'), put('new'));
  await store.stop();
  await rm(join(directory, 'db'), { recursive: true });
  await cp(join(old, 'db'), join(directory, 'db'), { recursive: true });
  await refuses(t, directory, /acknowledged data is missing: its database ends at revision/);
});

t.test('the database of another cluster is noticed', async (t) => {
  const directory = await filledDirectory(t);
  const other = await filledDirectory(t);
  await rm(join(directory, 'db'), { recursive: true });
  await cp(join(other, 'db'), join(directory, 'db'), { recursive: true });
  await refuses(t, directory, /another one than .*HEAD names/);
});

t.test('a log that lost bytes in its middle is noticed', async (t) => {
  const directory = await filledDirectory(t);
  const path = await databaseFile(directory, /\.log$/);
  const bytes = await readFile(path);
  bytes.fill(0, 5_000, 5_100);
  await writeFile(path, bytes);
  await refuses(t, directory, /missing|cannot be opened|checksum/);
});

t.test('a missing MANIFEST and a senseless CURRENT are refused', async (t) => {
  const directory = await filledDirectory(t);
  await rm(await databaseFile(directory, /^MANIFEST/));
  await refuses(t, directory, /cannot be opened/);
  const other = await filledDirectory(t);
  await writeFile(join(other, 'db', 'CURRENT'), 'nonsense');
  await refuses(t, other, /cannot be opened/);
});

t.test(
  'a MANIFEST whose last record was torn is mended, since nothing acknowledged can hang on it',
  async (t) => {
    const directory = await filledDirectory(t);
    await appendFile(
      await databaseFile(directory, /^MANIFEST/),
      Buffer.from('0102030405000100000000', 'hex'),
    );
    const store = newStore(directory);
    await store.start();
    t.equal(store.list('').length, 50);
    await store.stop();
  },
);

t.test('an unreadable HEAD is an error that names it', async (t) => {
  const directory = await filledDirectory(t);
  await writeFile(join(directory, 'HEAD'), '{"epo');
  await refuses(t, directory, /HEAD.*not readable/);
});

t.test('a store that nothing is written to leaves its files alone', async (t) => {
  const directory = await filledDirectory(t);
  const store = newStore(directory);
  await store.start();
  const before = await contents(directory);
  store.list('');
  store.watch('', store.revision, () => {})();
  await store.write(configMapKey('k1'), () => undefined);
  t.strictSame(await contents(directory), before);
  await store.stop();
});
