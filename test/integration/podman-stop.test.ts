// Stopping a container through podman: many at a time, each with its own grace, none waiting for another's.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/base/clock.ts';
import { Containers, type ContainersOptions } from '../../src/kubelet/runtime/podman/container.ts';

/** podman's part, on a real process: what was asked of it. */
function stopping(t: Test, child: ChildProcess, stopSignal: string) {
  const asked: string[] = [];
  const containers = {
    inspect: async () => ({ container: { pid: child.pid, state: 'running' }, conmonPid: 1, stopSignal }),
    signal: async (_id: string, signal: string) => {
      asked.push(signal);
      child.kill(signal as NodeJS.Signals);
    },
    kill: async () => {
      asked.push('end');
      child.kill('SIGKILL');
    },
  };
  t.teardown(() => child.kill('SIGKILL'));
  const options = { clock: systemClock, containers } as unknown as ContainersOptions;
  return { asked, pod: new Containers(options) };
}

t.test('a container gets its own stop signal, and podman is not asked to wait for it', async (t) => {
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  const { asked, pod } = stopping(t, child, 'SIGINT');
  await pod.stop('1', 1000);
  t.same(asked, ['SIGINT', 'end']);
  t.equal(child.signalCode, 'SIGINT', 'it ended by itself, long before its grace was over');
});

t.test('a container that does not listen is ended when its grace is over', async (t) => {
  const child = spawn('sh', ['-c', "trap '' TERM; echo ready; exec sleep 1000"]);
  await once(child.stdout, 'data');
  const { asked, pod } = stopping(t, child, 'SIGTERM');
  await pod.stop('1', 0.2);
  t.same(asked, ['SIGTERM', 'end']);
});

t.test('no grace is no signal', async (t) => {
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  const { asked, pod } = stopping(t, child, 'SIGTERM');
  await pod.stop('1', 0);
  t.same(asked, ['end']);
});
