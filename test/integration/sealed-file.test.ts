import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { SealedFile } from '../../src/base/sealed-file.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

async function stand(t: Test) {
  const dir = await mkdtemp(join(tmpdir(), 'edge-sealed-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'kept', 'pods');
  const clock = new FakeClock();
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (_: object, message: string) => void errors.push(message) };
  const open = (byte = 7) =>
    new SealedFile({
      path,
      key: async () => new Uint8Array(32).fill(byte),
      settleMs: 2_000,
      clock,
      logger,
    });
  return { dir, path, clock, errors, open };
}

t.test('many changes are one write, and the same content is none', async (t) => {
  const { path, clock, open } = await stand(t);
  const file = open();
  for (let n = 0; n < 5; n++) file.changed(() => ({ n }));
  await clock.advance(2_000);
  await eventually(async () => (await stat(path)).isFile());
  t.same(await open().load(), { n: 4 });
  const { mtimeMs } = await stat(path);
  file.changed(() => ({ n: 4 }));
  await file.flush();
  t.equal((await stat(path)).mtimeMs, mtimeMs);
  const restarted = open();
  await restarted.load();
  restarted.changed(() => ({ n: 4 }));
  await restarted.flush();
  t.equal((await stat(path)).mtimeMs, mtimeMs, 'nor after a restart');
});

t.test('nobody reads it without the key, nor takes one file for another, nor a flipped byte', async (t) => {
  const { path, open } = await stand(t);
  const file = open();
  file.changed(() => ({ password: 'geheim' }));
  await file.flush();
  const sealed = await readFile(path);
  t.notOk(sealed.includes('geheim'));
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.equal(await open(8).load(), undefined);
  const flipped = Buffer.from(sealed);
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  for (const spoiled of [flipped, sealed.subarray(0, 20), Buffer.alloc(0)]) {
    await writeFile(path, spoiled);
    t.equal(await open().load(), undefined);
  }
});

t.test('what could not be written is tried again, without a half of it left behind', async (t) => {
  const { dir, path, clock, errors, open } = await stand(t);
  const file = open();
  await writeFile(join(dir, 'kept'), 'in the way');
  file.changed(() => ({ n: 1 }));
  await clock.advance(2_000);
  await eventually(() => errors.length === 1);
  await rm(join(dir, 'kept'));
  await clock.advance(60_000);
  await eventually(async () => (await stat(path)).isFile());
  t.same(await readdir(join(dir, 'kept')), ['pods']);
});
