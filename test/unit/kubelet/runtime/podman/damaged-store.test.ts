// What podman cannot read of its own is put aside where nothing runs, and left alone where something does.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { silentLogger as logger } from '../../../../../src/base/logger.ts';
import { putDamagedAside } from '../../../../../src/kubelet/runtime/podman/damaged-store.ts';

const MALFORMED = 'database disk image is malformed';
const conmonOf = (store: string) =>
  ['/usr/bin/conmon', '-b', `${store}/overlay-containers/x/userdata`].join('\0');

t.test('where nothing of the store runs it is put aside', async (t) => {
  const dir = t.testdir({
    store: { libpod: { 'bolt_state.db': 'x' }, 'overlay-layers': {} },
    proc: { 7: { cmdline: conmonOf('/elsewhere') }, 8: { cmdline: 'sleep\x001' } },
  });
  const place = { storageRoot: join(dir, 'store'), procFolder: join(dir, 'proc'), logger };
  t.equal(await putDamagedAside(MALFORMED, place), true);
  t.same(await readdir(join(dir, 'store/libpod')), ['bolt_state.db.damaged']);
  t.equal(await putDamagedAside(MALFORMED, place), false, 'there is no other one');
});

t.test("what SQLite was about to do goes with podman 5's, or it would be done to the new one", async (t) => {
  const dir = t.testdir({ store: { 'db.sql': 'x', 'db.sql-journal': 'y', libpod: {} }, proc: {} });
  const storageRoot = join(dir, 'store');
  t.equal(await putDamagedAside(MALFORMED, { storageRoot, procFolder: join(dir, 'proc'), logger }), true);
  t.same((await readdir(storageRoot)).sort(), ['db.sql-journal.damaged', 'db.sql.damaged', 'libpod']);
});

t.test('of a list that is cut off it is that list alone, and none outside of the store', async (t) => {
  const lists = () => ({ 'layers.json': '[{', 'layers.lock': '' });
  const dir = t.testdir({
    store: { 'db.sql': 'x', 'overlay-layers': lists() },
    'overlay-layers': lists(),
    proc: {},
  });
  const storageRoot = join(dir, 'store');
  const place = { storageRoot, procFolder: join(dir, 'proc'), logger };
  const said = (folder: string) =>
    `configure storage: loading "${folder}/layers.json": []*storage.Layer: unexpected end of input, error found in #10 byte`;
  t.equal(await putDamagedAside(said(join(storageRoot, 'overlay-layers')), place), true);
  t.same(await readdir(join(storageRoot, 'overlay-layers')), ['layers.json.damaged', 'layers.lock']);
  t.ok((await readdir(storageRoot)).includes('db.sql'));
  t.equal(await putDamagedAside(said(join(dir, 'overlay-layers')), place), false);
  t.ok((await readdir(join(dir, 'overlay-layers'))).includes('layers.json'));
});

t.test('where a container runs it stays', async (t) => {
  const dir = t.testdir({ store: { 'db.sql': 'x' }, proc: {} });
  const storageRoot = join(dir, 'store');
  const procFolder = t.testdir({ store: { 'db.sql': 'x' }, proc: { 7: { cmdline: conmonOf(storageRoot) } } });
  t.equal(
    await putDamagedAside(MALFORMED, { storageRoot, procFolder: join(procFolder, 'proc'), logger }),
    false,
  );
  t.same(await readdir(storageRoot), ['db.sql']);
});
