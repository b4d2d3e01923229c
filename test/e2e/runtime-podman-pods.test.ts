// What real podman makes of a pod, seen from inside its containers and from the board, also when podman, conmon or
// the agent is killed.
import { execFile } from 'node:child_process';
import { chown, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { hostname as boardName, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { LogKeeper } from '../../src/kubelet/logs/log-keeper.ts';
import { openLog } from '../../src/kubelet/logs/open-log.ts';
import { ContainerMeter } from '../../src/kubelet/metrics/container-meter.ts';
import { PodmanRuntime } from '../../src/kubelet/runtime/podman/podman-runtime.ts';
import type { RuntimeContainer } from '../../src/kubelet/runtime/runtime.ts';
import { noLimits } from '../support/cgroup-limits.ts';
import { eventually } from '../support/eventually.ts';
import { patient } from '../support/patience.ts';
import { podmanPods } from '../support/podman-pods.ts';
import { sandboxConfig } from '../support/runtime-contract.ts';

const exec = promisify(execFile);
/** Long enough for ticks of 10 ms to be no matter. */
const METER_WINDOW_MS = 6_000;

t.setTimeout(patient(120_000));
const { runtime, options, client, address, startPod, run, script } = await podmanPods(t, 4);

t.test('a pod has its own names, resolver and address, and nothing of the board', async (t) => {
  const dns = { servers: ['10.48.0.10'], searches: ['shop.svc.cluster.local'], options: ['ndots:5'] };
  const pod = await startPod({ podName: 'web-1', hostname: 'web-1', dns });
  const { output } = await script(pod, 'hostname; cat /etc/hosts; echo --; cat /etc/resolv.conf');
  const [names = '', resolver = ''] = output.split('--\n');
  t.equal(names.split('\n')[0], 'web-1');
  t.match(names, /^127\.0\.0\.1\s+localhost$/m);
  t.match(names, new RegExp(`^${address(1)}\tweb-1$`, 'm'));
  t.equal(names.match(/^[0-9]/gm)?.length, 2, 'and no other IPv4 name');
  t.notMatch(names, new RegExp(`\\b${boardName()}\\b`));
  t.notMatch(names, /host\.containers\.internal/);
  t.match(resolver, /^nameserver 10\.48\.0\.10$/m);
  t.match(resolver, /^search shop\.svc\.cluster\.local$/m);
  t.match(resolver, /^options ndots:5$/m);
});

t.test(
  'a container may see the processes of another one, of the board, and the IPC of the board',
  async (t) => {
    const pod = await startPod();
    const target = await run(pod, { containerName: 'target' });
    const namespace = (pid: number | string | undefined, kind: string) => readlink(`/proc/${pid}/ns/${kind}`);
    const debug = await run(pod, { containerName: 'debug', processes: { ofContainer: target.id } });
    t.equal(await namespace(debug.pid, 'pid'), await namespace(target.pid, 'pid'));
    const open = await startPod({ hostIPC: true }, address(2));
    const wide = await run(open, { processes: 'board', hostIPC: true });
    t.equal(await namespace(wide.pid, 'pid'), await namespace('self', 'pid'));
    t.equal(await namespace(wide.pid, 'ipc'), await namespace('self', 'ipc'));
  },
);

t.test('a stop signal of its own ends a container, and its last words are kept up to 4 KiB', async (t) => {
  const pod = await startPod();
  const words = 'trap "seq 2000 > /last; exit 7" USR1; while :; do sleep 1 & wait; done';
  const container = await run(pod, {
    command: ['/bin/sh', '-c', words],
    stopSignal: 'SIGUSR1',
    terminationMessage: { path: '/last', fallsBackToLog: false },
  });
  await runtime.stopContainer(container.id, 10);
  const ended = await runtime.inspect(container.id);
  t.match(ended, { state: 'exited', exitCode: 7 });
  t.equal(ended?.message?.length, 4096);
  t.ok(ended?.message?.endsWith('1999\n2000\n'));
});

t.test('containers of a pod share network, IPC and host name, but not processes', async (t) => {
  const pod = await startPod();
  const first = await run(pod, { containerName: 'first' });
  const second = await run(pod, { containerName: 'second' });
  const namespace = (of: RuntimeContainer, kind: string) => readlink(`/proc/${of.pid}/ns/${kind}`);
  for (const kind of ['net', 'ipc', 'uts']) {
    const shared = await namespace(pod.sandbox, kind);
    t.equal(await namespace(first, kind), shared, kind);
    t.equal(await namespace(second, kind), shared, kind);
  }
  t.not(await namespace(first, 'pid'), await namespace(second, 'pid'));
});

t.test('a container is what its configuration says', async (t) => {
  const pod = await startPod();
  const { output, ended } = await script(pod, '', {
    command: ['/bin/sh', '-c'],
    args: ['echo $GREETING; pwd; id -u; id -g; echo no > /etc/x || echo read-only; exit 7'],
    env: { GREETING: 'hello board', PATH: '/bin' },
    workingDir: '/tmp/new',
    user: '1000:2000',
    readOnlyRootFilesystem: true,
  });
  t.match(output, 'hello board\n/tmp/new\n1000\n2000\n');
  t.match(output, /read-only\n/);
  t.equal(ended.exitCode, 7);
});

t.test('mounts show the board files, and read-only ones cannot be written', async (t) => {
  const pod = await startPod();
  const source = join(options.dataDir);
  const mounts = [
    { source, destination: '/ro', readOnly: true },
    { source, destination: '/rw', readOnly: false },
  ];
  const { output } = await script(pod, 'echo x > /ro/made || echo refused; echo y > /rw/made; cat /ro/made', {
    mounts,
  });
  t.match(output, /refused\n/);
  t.match(output, /^y$/m);
  t.equal(await readFile(join(source, 'made'), 'utf8'), 'y\n');
});

t.test('a mount whose source is missing is refused by name', async (t) => {
  const pod = await startPod();
  const mounts = [{ source: '/no/such/folder', destination: '/x', readOnly: true }];
  await t.rejects(run(pod, { mounts }), /no\/such\/folder/);
});

const skip = await noLimits();

t.test('a container over its memory limit is seen as killed for memory', { skip }, async (t) => {
  const pod = await startPod();
  const hog = { resources: { memoryLimitBytes: 16 * 1024 * 1024 } };
  const { ended } = await script(pod, 'exec dd if=/dev/zero of=/dev/null bs=64M count=1', hog);
  t.equal(ended.exitCode, 137);
  t.equal(ended.oomKilled, true);
});

t.test('a container killed by hand within its memory limit is not', async (t) => {
  const pod = await startPod();
  const hog = { resources: { memoryLimitBytes: 64 * 1024 * 1024 } };
  const { ended } = await script(pod, 'kill -9 $$ ; sleep 0.1; exit 137', hog);
  t.equal(ended.exitCode, 137);
  t.equal(ended.oomKilled, false);
});

t.test('a pod on the host network has the board host name and network', async (t) => {
  const pod = await startPod({ hostNetwork: true });
  const { output } = await script(pod, 'hostname');
  t.equal(output.trim(), boardName());
  const container = await run(pod);
  t.equal(await readlink(`/proc/${container.pid}/ns/net`), await readlink('/proc/self/ns/net'));
  t.equal(pod.sandbox.ip, undefined);
});

t.test('the logs of a pod stay with its removal and go when told', async (t) => {
  const pod = await startPod();
  const { ended } = await script(pod, 'echo kept');
  await runtime.removeSandbox(pod.config.podUid);
  t.match(await readFile(ended.logPath ?? '', 'utf8'), / stdout F kept\n$/);
  await runtime.removeLogs(pod.config.podUid);
  const left = await readdir(options.logDir);
  t.notOk(left.some((name) => name.endsWith(pod.config.podUid)));
});

t.test('a restarted agent finds its pods as they were, and hears of their end', async (t) => {
  const pod = await startPod();
  const container = await run(pod);
  const next = new PodmanRuntime(options);
  await next.start();
  t.teardown(() => next.stop());
  const byId = new Map((await next.list()).map((found) => [found.id, found]));
  t.strictSame(byId.get(container.id), container);
  t.strictSame(byId.get(pod.sandbox.id), pod.sandbox);
  const looks = new Set<string | undefined>();
  next.onChange((id) => looks.add(id));
  process.kill(container.pid ?? Number.NaN, 'SIGKILL');
  await eventually(() => looks.has(container.id));
});

t.test('agents with other labels do not see each other', async (t) => {
  await startPod();
  const other = new PodmanRuntime({ ...options, owner: `${options.owner}-other` });
  await other.start();
  t.teardown(() => other.stop());
  t.strictSame(await other.list(), []);
});

t.test('a killed podman service is started again, and containers go on', async (t) => {
  const pod = await startPod();
  const container = await run(pod);
  await killService();
  t.strictSame(await runtime.inspect(container.id), container);
});

t.test(
  'a container whose conmon was killed is seen to end, lets go of its root and can be removed',
  async (t) => {
    const pod = await startPod();
    const container = await run(pod);
    const path = `/containers/${container.id}/json`;
    const { GraphDriver } = await client.getJson<{ GraphDriver: { Data: { MergedDir: string } } }>(path);
    const isMounted = async () => {
      const points = (await readFile('/proc/self/mountinfo', 'utf8'))
        .split('\n')
        .map((line) => line.split(' ')[4]);
      return points.includes(GraphDriver.Data.MergedDir);
    };
    t.ok(await isMounted());
    const conmon = await parentOf(container.pid ?? 0);
    process.kill(conmon, 'SIGKILL');
    process.kill(container.pid ?? Number.NaN, 'SIGKILL');
    await eventually(async () => (await runtime.inspect(container.id))?.state === 'exited');
    t.equal((await runtime.list()).find((found) => found.id === container.id)?.state, 'exited');
    await eventually(async () => !(await isMounted()), 30_000, 200);
    t.equal((await runtime.inspect(container.id))?.state, 'exited');
    await runtime.removeContainer(container.id);
    t.equal(await runtime.inspect(container.id), undefined);
  },
);

t.test('a start during which podman is killed leaves nothing that stops the next one', async (t) => {
  for (const delayMs of [15, 45, 80]) {
    const config = sandboxConfig(address(1));
    const first = runtime.startSandbox(config).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await killService();
    await first;
    await runtime.removeSandbox(config.podUid);
    const sandbox = await runtime.startSandbox({ ...config, attempt: 1 });
    t.equal(sandbox.state, 'running', `killed after ${delayMs} ms`);
    await runtime.removeSandbox(config.podUid);
  }
});

t.test('a pull that cannot be says why', async (t) => {
  const image = '127.0.0.1:1/none/such:1';
  await t.rejects(runtime.pullImage(image), {
    reason: 'ErrImagePull',
    message: /registry does not answer/,
  } as never);
});

async function killService(): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(join(options.runDir, 'podman.sock'))) process.kill(Number(pid), 'SIGKILL');
  }
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
}

t.test(
  'a granted device can be used by the group it belongs to, and the container lists it again',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'edge-device-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const [device, other] = [join(folder, 'granted'), join(folder, 'other')];
    // The full device: writing to it says "no space left", which nothing but a real device does.
    for (const path of [device, other]) await exec('mknod', ['-m', '660', path, 'c', '1', '7']);
    await chown(device, 0, 4711);
    const pod = await startPod({ hostNetwork: true });
    const own = { user: '1000:1000', groups: [4711], devices: [device] };
    const { output, ended } = await script(
      pod,
      `echo x > ${device}; test -e ${other} || echo no other; id -G; mknod /tmp/mine c 1 7 || echo no mknod`,
      own,
    );
    t.match(output, /No space left on device/);
    t.match(output, /no other/);
    t.match(output, /4711/);
    t.match(output, /no mknod/, 'it is not privileged');
    t.same(ended.devices, [device]);
  },
);

t.test(
  "CPU and memory of a container are within a tenth of the kernel's own account",
  { skip },
  async (t) => {
    const pod = await startPod({ hostNetwork: true });
    const text = 'x=$(busybox head -c 30000000 /dev/zero | busybox tr "\\0" x); while true; do :; done';
    const made = await run(pod, {
      command: ['/bin/sh', '-c', text],
      resources: { cpuQuotaUs: 40_000, cpuPeriodUs: 100_000 },
    });
    const pid = made.pid ?? 0;
    // The programs that fill its memory are of its group, but not of its own account.
    await eventually(async () => (await rssBytes(pid)) > 30e6 && !(await hasChildren(pid)), 20_000);
    const meter = new ContainerMeter();
    const account = async () => {
      const [atMs, cpuMs] = [performance.now(), await cpuMsOf(pid)];
      return { atMs, cpuMs, report: await meter.measure([made], atMs) };
    };
    const before = await account();
    await new Promise((resolve) => setTimeout(resolve, METER_WINDOW_MS));
    const after = await account();
    const usage = after.report.pods[made.podKey]?.containers.main;
    const cpuNanocores = ((after.cpuMs - before.cpuMs) / (after.atMs - before.atMs)) * 1e9;
    const isNear = (measured = 0, kernels = 0) => Math.abs(measured - kernels) <= kernels / 10;
    t.ok(isNear(usage?.cpuNanocores, cpuNanocores), `${usage?.cpuNanocores} of ${cpuNanocores} nanocores`);
    const bytes = await rssBytes(pid);
    t.ok(isNear(usage?.workingSetBytes, bytes), `${usage?.workingSetBytes} of ${bytes} bytes`);
  },
);

/** In memory now, by the process' own account; shared files are left out, which others pay for. */
async function rssBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Anonymous:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
}

async function hasChildren(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')) !== '';
}

/** Of the process alone, in ticks of 10 ms. */
async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

t.test('a log fuller than one file is kept whole within its limits, as conmon really rotates', async (t) => {
  const pod = await startPod({ hostNetwork: true });
  const lines = 60_000;
  const write = `i=0; while [ $i -lt ${lines} ]; do echo "line $i of a log that gets long"; i=$((i+1)); done; sleep 60`;
  // It begins once the log was looked at for the first time, as any log is in the beats before it is full.
  const text = `until [ -e /tmp/begin ]; do sleep 0.1; done; ${write}`;
  const { id, pid, logPath = '' } = await run(pod, { command: ['/bin/sh', '-c', text] });
  const running = () => [{ id, logPath }];
  const keeper = new LogKeeper({ limits: { maxSizeBytes: 0, maxFiles: 8 }, running, logger: silentLogger });
  await keeper.look();
  await writeFile(`/proc/${pid}/root/tmp/begin`, '');
  const seen: string[] = [];
  await eventually(async () => {
    await keeper.look();
    seen.length = 0;
    let output = '';
    for await (const chunk of openLog({ path: logPath }, new AbortController().signal)) output += chunk;
    seen.push(...output.trimEnd().split('\n'));
    if (!seen.at(-1)?.startsWith(`line ${lines - 1} `)) throw new Error(`so far ${seen.at(-1)}`);
  }, 30_000);
  t.equal(seen.length, lines, 'no line is lost');
  await keeper.look(); // The file may have been full just after the last look.
  const files = (await readdir(dirname(logPath))).filter((name) => /\.log\.\d+$/.test(name));
  t.ok(files.length >= 1, files.join(' '));
});
