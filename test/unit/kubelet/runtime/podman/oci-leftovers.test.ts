// What the OCI runtime still has of a container that podman removed.
import t from 'tap';
import { silentLogger } from '../../../../../src/base/logger.ts';
import { OciLeftovers } from '../../../../../src/kubelet/runtime/podman/oci-leftovers.ts';

t.test(
  'a container that the OCI runtime still has is deleted there, any other costs no process',
  async (t) => {
    const calls: string[] = [];
    const leftovers = new OciLeftovers({
      ociRuntime: 'runc',
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
    logger: silentLogger,
    stateFolder: t.testdir({ crun: { half: {} } }),
    run: () => Promise.reject(new Error('crun: no')),
  });
  await t.resolves(leftovers.clear('half'));
});
