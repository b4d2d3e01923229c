// Archives that are put into the board's folder of images, on a real disk.
import { mkdir, mkdtemp, open, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Preload } from '../../src/kubelet/images/preload.ts';
import { eventually } from '../support/eventually.ts';

async function started(t: Test, files: Record<string, string | Buffer> = {}, at?: string) {
  const dir = at ?? (await mkdtemp(join(tmpdir(), 'edge-preload-')));
  const ownFolder = join(dir, 'images');
  const loaded: string[] = [];
  const told: string[] = [];
  const make = () =>
    new Preload({
      ownFolder,
      otherFolders: [join(dir, 'missing')],
      recordPath: join(dir, 'taken.json'),
      load: async (archive) => {
        const content = await text(archive);
        if (content.startsWith('junk')) throw new Error('no image archive');
        loaded.push(content);
        return [content];
      },
      told: (_type, reason) => told.push(reason),
      clock: systemClock,
      logger: silentLogger,
    });
  let preload = make();
  t.teardown(async () => {
    await preload.stop();
    await rm(dir, { recursive: true, force: true });
  });
  await preload.start();
  for (const [name, content] of Object.entries(files)) await writeFile(join(ownFolder, name), content);
  const restart = async () => {
    await preload.stop();
    preload = make();
    await preload.start();
    await preload.whenSettled();
  };
  return { ownFolder, loaded, told, restart, pinned: () => [...preload.pinned] };
}

t.test('archives are taken in however they are packed, and only once', async (t) => {
  const { loaded, restart, pinned, told, ownFolder } = await started(t, {
    'a.tar': 'one',
    'b.tar.gz': gzipSync('two'),
    'c.tar.zst': zstdCompressSync('three'),
    'readme.txt': 'none',
  });
  await eventually(() => loaded.length === 3, 10_000);
  t.same(loaded.toSorted(), ['one', 'three', 'two']);
  await restart();
  t.equal(loaded.length, 3);
  t.same(pinned().sort(), ['one', 'three', 'two'], 'they stay while the archives lie there');
  t.same(told, ['ImagesImported', 'ImagesImported', 'ImagesImported']);
  await rm(join(ownFolder, 'a.tar'));
  await eventually(() => pinned().length === 2, 10_000);
});

t.test('a damaged one is told once and left beside the others', async (t) => {
  const { ownFolder, loaded, told, restart } = await started(t, {
    'a.tar': 'junk',
    'b.tgz': 'not packed',
    'c.tar': 'c',
  });
  await eventually(() => told.length === 3, 10_000);
  await restart();
  t.same(told.toSorted(), ['ImageImportFailed', 'ImagesImported', 'ImagesImported']);
  t.same(loaded.toSorted(), ['c', 'not packed'], 'the first bytes say how a file is packed');
  t.equal(await readFile(join(ownFolder, 'a.tar'), 'utf8'), 'junk');
});

t.test('what lies beside the archives keeps none of them waiting', async (t) => {
  const { loaded, told, ownFolder } = await started(t, { '._b.tar': 'junk of a copying program' });
  await symlink('/nowhere/a.tar', join(ownFolder, 'a.tar'));
  await mkdir(join(ownFolder, 'a-folder.tar'));
  await writeFile(join(ownFolder, 'b.tar'), 'one');
  await eventually(() => loaded.length === 1, 10_000);
  t.same(loaded, ['one']);
  t.same(told.toSorted(), ['ImageImportFailed', 'ImagesImported'], 'of the folder and of the archive');
});

t.test('a file that is still being written, or has another name until it is complete, waits', async (t) => {
  const { ownFolder, loaded } = await started(t);
  const file = await open(join(ownFolder, 'slow.tar'), 'w');
  await file.write('first ');
  await writeFile(join(ownFolder, 'other.tar.part'), 'renamed');
  await rename(join(ownFolder, 'other.tar.part'), join(ownFolder, 'other.tar'));
  await eventually(() => loaded.length === 1, 10_000);
  t.same(loaded, ['renamed'], 'the one that is open is not touched');
  await file.write('second');
  await file.close();
  await eventually(() => loaded.length === 2, 10_000);
  t.equal(loaded[1], 'first second');
});
