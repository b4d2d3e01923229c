// podman's unreadable database is put aside where nothing runs, and left alone where something does.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { silentLogger as logger } from '../../../../../src/base/logger.ts';
import { putDatabaseAside } from '../../../../../src/kubelet/runtime/podman/damaged-database.ts';

const conmonOf = (store: string) =>
  ['/usr/bin/conmon', '-b', `${store}/overlay-containers/x/userdata`].join('\0');

t.test('where nothing of the store runs it is put aside', async (t) => {
  const dir = t.testdir({
    store: { libpod: { 'bolt_state.db': 'x' }, 'overlay-layers': {} },
    proc: { 7: { cmdline: conmonOf('/elsewhere') }, 8: { cmdline: 'sleep\x001' } },
  });
  const place = { storageRoot: join(dir, 'store'), procFolder: join(dir, 'proc'), logger };
  t.equal(await putDatabaseAside(place), true);
  t.same(await readdir(join(dir, 'store/libpod')), ['bolt_state.db.damaged']);
  t.equal(await putDatabaseAside(place), false, 'there is no other one');
});

t.test('where a container runs it stays', async (t) => {
  const dir = t.testdir({ store: { 'db.sql': 'x' }, proc: {} });
  const storageRoot = join(dir, 'store');
  const procFolder = t.testdir({ store: { 'db.sql': 'x' }, proc: { 7: { cmdline: conmonOf(storageRoot) } } });
  t.equal(await putDatabaseAside({ storageRoot, procFolder: join(procFolder, 'proc'), logger }), false);
  t.same(await readdir(storageRoot), ['db.sql']);
});
