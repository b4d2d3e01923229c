// What the OCI runtime still has of a container that podman removed.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { silentLogger } from '../../../../../src/base/logger.ts';
import { OciLeftovers } from '../../../../../src/kubelet/runtime/podman/oci-leftovers.ts';

t.test(
  'a container that the OCI runtime still has is deleted there, any other costs no process',
  async (t) => {
    const calls: string[] = [];
    const leftovers = new OciLeftovers({
      ociRuntime: 'runc',
      storageRoot: '/store',
      cgroupFolder: t.testdirName,
      logger: silentLogger,
      stateFolder: t.testdir({ runc: { half: {} } }),
      run: async (program, args) => calls.push([program, ...args].join(' ')),
    });
    await leftovers.clear('half');
    await leftovers.clear('whole');
    t.same(calls, ['runc delete --force half']);
  },
);

t.test('a removal counts as done though the OCI runtime fails', async (t) => {
  const leftovers = new OciLeftovers({
    ociRuntime: 'crun',
    storageRoot: '/store',
    cgroupFolder: t.testdirName,
    logger: silentLogger,
    stateFolder: t.testdir({ crun: { half: {} } }),
    run: () => Promise.reject(new Error('crun: no')),
  });
  await t.resolves(leftovers.clear('half'));
});

t.test('an empty cgroup of a removed container goes, of every controller, and no other', async (t) => {
  const cgroups = t.testdir({
    memory: { libpod_parent: { 'libpod-gone': {}, 'libpod-other': {} } },
    pids: { libpod_parent: { 'libpod-gone': {} } },
    systemd: {},
  });
  const options = { ociRuntime: 'runc', storageRoot: '/store', logger: silentLogger } as const;
  const leftovers = new OciLeftovers({ ...options, stateFolder: '/none', cgroupFolder: cgroups });
  await leftovers.clear('gone');
  t.same(await readdir(join(cgroups, 'memory/libpod_parent')), ['libpod-other']);
  t.same(await readdir(join(cgroups, 'pids/libpod_parent')), []);
});

t.test('of what podman does not know only containers with files in its store are deleted', async (t) => {
  const state = (bundle: string) => ({ 'state.json': `{"labels":["a=b","bundle=${bundle}"]}` });
  const calls: string[] = [];
  const leftovers = new OciLeftovers({
    ociRuntime: 'runc',
    storageRoot: '/store',
    cgroupFolder: '/none',
    logger: silentLogger,
    stateFolder: t.testdir({
      runc: {
        known: state('/store/known'),
        lost: state('/store/lost'),
        crunlike: { status: '{"bundle" : "/store/c"}' },
        foreign: state('/storefront/x'),
        unwritten: {},
      },
    }),
    run: async (_program, args) => calls.push(args.at(-1) ?? ''),
  });
  await leftovers.sweep(async () => new Set(['known']));
  t.same(calls.sort(), ['crunlike', 'lost']);
});
