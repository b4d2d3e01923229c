// The kernel's table of connections, with files in place of the kernel's.
import { readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ConnectionTracking } from '../../src/network/connection-tracking.ts';

const GIB = 1 << 30;

function kernel(t: Test, max: number, buckets: number) {
  const folder = t.testdir({ nf_conntrack_max: `${max}\n`, nf_conntrack_buckets: `${buckets}\n` });
  const notePath = join(folder, 'run', 'was');
  const tracking = (memoryBytes = GIB) => new ConnectionTracking({ notePath, folder, memoryBytes });
  const sizes = async () => {
    const names = ['nf_conntrack_max', 'nf_conntrack_buckets'];
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    return texts.map(Number);
  };
  return { folder, tracking, sizes };
}

t.test('a small table is made as large as kube-proxy makes it, and is as it was in the end', async (t) => {
  const { tracking, sizes } = kernel(t, 7_680, 7_680);
  t.equal(await tracking().makeRoom(), 131_072);
  t.same(await sizes(), [131_072, 32_768]);
  t.equal(await tracking().makeRoom(), undefined, 'after a restart of the agent');
  t.equal(await tracking().restore(), true);
  t.same(await sizes(), [7_680, 7_680]);
  t.equal(await tracking().restore(), false);
});

t.test('a board of little memory gets half of it', async (t) => {
  const { tracking, sizes } = kernel(t, 3_600, 3_600);
  t.equal(await tracking(GIB / 2).makeRoom(), 65_536);
  t.same(await sizes(), [65_536, 16_384]);
});

t.test('what is larger stays', async (t) => {
  const { tracking, sizes } = kernel(t, 262_144, 262_144);
  t.equal(await tracking().makeRoom(), undefined);
  t.equal(await tracking().restore(), false);
  t.same(await sizes(), [262_144, 262_144]);
});

t.test('where it may not be raised, nothing is there to be undone', async (t) => {
  const { folder, tracking } = kernel(t, 7_680, 7_680);
  await rm(join(folder, 'nf_conntrack_buckets'));
  // A number that the kernel lets nobody write, root included: as its own in a network namespace.
  await symlink('/proc/sys/kernel/ngroups_max', join(folder, 'nf_conntrack_buckets'));
  await t.rejects(tracking().makeRoom());
  t.equal(await tracking().restore(), false);
});

t.test('a kernel that tracks nothing is left alone', async (t) => {
  const { folder, tracking } = kernel(t, 1, 1);
  await rm(join(folder, 'nf_conntrack_max'));
  t.equal(await tracking().makeRoom(), undefined);
});
