import t from 'tap';
import { silentLogger } from '../../../../../src/base/logger.ts';
import { PodmanRuntime } from '../../../../../src/kubelet/runtime/podman/podman-runtime.ts';
import type { Machine } from '../../../../../src/kubelet/runtime/podman/preflight.ts';
import { FakeClock } from '../../../../support/fake-clock.ts';

t.test('without podman the agent starts, and every call says what to install', async (t) => {
  const machine = { find: async () => undefined } as unknown as Machine;
  const runtime = new PodmanRuntime(
    {
      dataDir: '/none/data',
      runDir: '/none/run',
      logDir: '/none/logs',
      owner: 'me',
      network: { bridge: 'edge0', podRange: () => undefined },
      storage: { root: '/none/a', runRoot: '/none/b', tmpDir: '/none/c', networkConfigDir: '/none/d' },
      clock: new FakeClock(),
      logger: silentLogger,
    },
    machine,
  );
  await runtime.start();
  for (const call of [runtime.list(), runtime.version(), runtime.imageExists('x')]) {
    const error = await call.then(String, (reason) => reason);
    t.match(error, { reason: 'RuntimeUnavailable', message: /podman is not installed: install/ });
  }
  await runtime.stop();
});
