// The Runtime contract on real podman, on the machine's own store.
import t from 'tap';
import { noLimits } from '../support/cgroup-limits.ts';
import { patient } from '../support/patience.ts';
import { startTestPodman } from '../support/podman-runtime.ts';
import { type RuntimeFactory, runtimeContract } from '../support/runtime-contract.ts';
import { busyboxImage } from '../support/test-image.ts';

t.setTimeout(patient(120_000));
const { runtime, address } = await startTestPodman(t, 1);

const factory: RuntimeFactory = async (t) => {
  t.teardown(async () => {
    const uids = new Set((await runtime.list()).map((container) => container.podUid));
    await Promise.all([...uids].map((uid) => runtime.removeSandbox(uid)));
  });
  return {
    runtime,
    image: busyboxImage,
    missingImage: 'localhost/edge-test-none:1',
    missingProgram: '/no-such-program',
    address,
    kill: (container) => {
      process.kill(container.pid ?? Number.NaN, 'SIGKILL');
    },
  };
};
runtimeContract(t, factory, await noLimits());
