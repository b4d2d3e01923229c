// The room that is kept for podman on a full disk.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { DiskReserve } from '../../../../../src/kubelet/runtime/podman/disk-reserve.ts';

const sizeBytes = 256 * 1024;

t.test('room is really taken, once, and not as a hole in a file', async (t) => {
  const path = join(t.testdir(), 'reserve');
  const reserve = new DiskReserve({ path, sizeBytes });
  await Promise.all([reserve.take(), reserve.take(), reserve.take()]);
  const { size, blocks, mtimeMs } = statSync(path);
  t.equal(size, sizeBytes);
  t.ok(blocks * 512 >= sizeBytes, `${blocks} blocks`);
  await reserve.take();
  t.equal(statSync(path).mtimeMs, mtimeMs);
  await reserve.remove();
  t.notOk(existsSync(path));
});

t.test('while it is used it is given up, until the last user has ended', async (t) => {
  const path = join(t.testdir(), 'reserve');
  const reserve = new DiskReserve({ path, sizeBytes });
  await reserve.take();
  const first = Promise.withResolvers<void>();
  const using = reserve.during(() => first.promise);
  await t.rejects(
    reserve.during(async () => {
      t.notOk(existsSync(path));
      throw new Error('still full');
    }),
    { message: 'still full' },
  );
  t.notOk(existsSync(path), 'the other one still uses it');
  first.resolve();
  await using;
  t.equal(statSync(path).size, sizeBytes);
});

t.test('on a disk that is full there is nothing to take, and that is no failure', async (t) => {
  await t.resolves(new DiskReserve({ path: '/dev/full', sizeBytes }).take());
  await t.rejects(new DiskReserve({ path: '/no/such/folder/reserve', sizeBytes }).take(), { code: 'ENOENT' });
});
