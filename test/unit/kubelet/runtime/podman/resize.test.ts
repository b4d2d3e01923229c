import t from 'tap';
import type { LibpodClient } from '../../../../../src/kubelet/runtime/podman/libpod-client.ts';
import { LibpodError } from '../../../../../src/kubelet/runtime/podman/libpod-error.ts';
import { Resize } from '../../../../../src/kubelet/runtime/podman/resize.ts';

const MIB = 1024 ** 2;

function resizeOf({ pid = 42, usedMib = 10, refusal }: { pid?: number; usedMib?: number; refusal?: Error }) {
  const calls: Parameters<LibpodClient['call']>[0][] = [];
  const resize = new Resize({
    client: {
      async call(call) {
        calls.push(call);
        if (refusal) throw refusal;
        return { status: 201, body: '' };
      },
    },
    containers: { inspect: async () => ({ container: { pid: pid || undefined } }) as never },
    usedBytes: async () => usedMib * MIB,
  });
  return { resize, calls };
}

t.test('limits are handed to podman in the form of the OCI runtime', async (t) => {
  const { resize, calls } = resizeOf({});
  await resize.update('c', {
    cpuShares: 512,
    cpuQuotaUs: 50_000,
    cpuPeriodUs: 100_000,
    memoryLimitBytes: 20 * MIB,
  });
  t.match(calls, [
    {
      method: 'POST',
      path: '/containers/c/update',
      json: {
        cpu: { shares: 512, quota: 50_000, period: 100_000 },
        memory: { limit: 20 * MIB, swap: 20 * MIB },
      },
    },
  ]);
});

t.test('memory that is in use is not taken', async (t) => {
  const { resize, calls } = resizeOf({ usedMib: 30 });
  await t.rejects(resize.update('c', { memoryLimitBytes: 20 * MIB }), {
    reason: 'ResizeContainerError',
    message: `attempting to set container memory limit (${20 * MIB}) below current usage (${30 * MIB})`,
  } as never);
  t.same(calls, []);
});

t.test('what does not run, and what podman refuses, is told', async (t) => {
  const limits = { cpuShares: 2 };
  await t.rejects(resizeOf({ pid: 0 }).resize.update('c', limits), { message: 'container c is not running' });
  const refusal = new LibpodError(500, 'no such controller', '');
  await t.rejects(resizeOf({ refusal }).resize.update('c', limits), {
    reason: 'ResizeContainerError',
    message: 'no such controller',
  } as never);
});
