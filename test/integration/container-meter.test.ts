// The meter against the kernel's own account of a process that is busy.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { ContainerMeter } from '../../src/kubelet/metrics/container-meter.ts';

const container = (pid: number) => ({
  id: `process-${pid}`,
  pid,
  podKey: 'default/busy',
  podUid: 'u',
  containerName: 'main',
});

t.test('what is gone is left out, and a board without containers still tells of itself', async (t) => {
  const child = spawn('sleep', ['30']);
  t.teardown(() => child.kill('SIGKILL'));
  const meter = new ContainerMeter();
  const pid = child.pid ?? 0;
  await meter.measure([container(pid)], 0);
  const second = await meter.measure([container(pid)], 6000);
  t.match(second.pods['default/busy'], { uid: 'u', windowMs: 6000, containers: { main: {} } });
  t.ok((second.node?.workingSetBytes ?? 0) > 1e6);
  t.ok(Number.isInteger(second.node?.cpuNanocores));
  const over = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await over;
  const third = await meter.measure([{ ...container(pid), id: 'another' }], 12_000);
  t.same(third.pods, {}, 'its process is gone before it was ever read');
  t.match((await meter.measure([], 18_000)).pods, {});
});

t.test('reading the mounts of this machine finds a CPU counter', async (t) => {
  const { cgroupFiles, parseCgroupMounts } = await import('../../src/kubelet/metrics/cgroup-mounts.ts');
  const mounts = parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  const files = cgroupFiles(mounts, await readFile('/proc/self/cgroup', 'utf8'), 'none');
  t.match(files.cpu, /cpuacct\.usage$|cpu\.stat$/);
});
