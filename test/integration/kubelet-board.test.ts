// What a board says of itself, read from the machine that runs the test and from a made-up Raspberry Pi.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import { bytes } from '../../src/api/quantity.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { BoardLoadMeter, parseCpuTicks, usedCores } from '../../src/kubelet/board/board-load.ts';
import { Heartbeat } from '../../src/kubelet/board/heartbeat.ts';
import { addressTowards, hostAddresses, lastingAddressV6 } from '../../src/kubelet/board/local-address.ts';
import { allocatableTexts, nodeFacts } from '../../src/kubelet/board/node-facts.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

t.test('a Raspberry Pi is described from its files', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'edge-board-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const files = {
    'proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
    'proc/device-tree/serial-number': '10000000abcdef01\0',
    'etc/os-release': 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    'etc/machine-id': '0123456789abcdef\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const facts = await nodeFacts({
    nodeName: 'board-a',
    addresses: ['192.168.1.20'],
    runtimeVersion: { name: 'podman', version: '4.3.1' },
    kubeletVersion: 'v1.33.0',
    dataDir: root,
    devices: [],
    root,
  });
  t.match(facts.nodeInfo, {
    osImage: 'Debian GNU/Linux 12 (bookworm)',
    systemUUID: '10000000abcdef01',
    machineID: '0123456789abcdef',
    containerRuntimeVersion: 'podman://4.3.1',
    kubeletVersion: 'v1.33.0',
    operatingSystem: 'linux',
  });
  t.match(facts.nodeInfo.architecture, /^(amd64|arm64)$/);
  t.equal(facts.labels['node.kubernetes.io/instance-type'], 'Raspberry-Pi-4-Model-B-Rev-1.4');
  t.equal(facts.labels['kubernetes.io/hostname'], 'board-a');
  t.same(facts.addresses[0], { type: 'InternalIP', address: '192.168.1.20' });
  t.ok(bytes(facts.allocatable.memory ?? '0') < bytes(facts.capacity.memory ?? '0'));
  t.ok(bytes(facts.capacity['ephemeral-storage'] ?? '0') > 0);
  t.equal(facts.capacity.pods, '250');
  const { cpu, memory, 'ephemeral-storage': ephemeralStorage } = facts.allocatable;
  t.same(allocatableTexts(root), { cpu, memory, ephemeralStorage }, 'what containers without limits read');
});

t.test('CPU use is what was busy between two readings', async (t) => {
  const before = parseCpuTicks('cpu  100 0 100 800 0 0 0 0 50 0\ncpu0 1 1\ncpu1 1 1\n');
  const now = parseCpuTicks('cpu  150 0 100 850 0 0 0 0 50 0\ncpu0 1 1\ncpu1 1 1\n');
  t.same(before, { busy: 200, total: 1000, cores: 2 });
  t.equal(usedCores(before, now), 1);
  t.equal(usedCores(now, now), 0);
});

t.test('the load of this machine is plausible', async (t) => {
  const load = await new BoardLoadMeter('/').measure(Date.now());
  t.ok(load.cpu.cores >= 1 && load.cpu.usedCores >= 0 && load.cpu.usedCores <= load.cpu.cores);
  t.ok(load.memory.usedBytes > 0 && load.memory.usedBytes < load.memory.totalBytes);
  t.ok(load.disk.usedBytes > 0 && load.disk.usedBytes <= load.disk.totalBytes);
  t.ok(load.load1 >= 0);
});

t.test('a beat costs little and starts no process', async (t) => {
  const meter = new BoardLoadMeter('/');
  await meter.measure(0);
  const beats = 20;
  const perBeatMs = [];
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < beats; i++) await meter.measure(i);
    const { user, system } = process.cpuUsage(before);
    perBeatMs.push((user + system) / 1000 / beats);
  }
  // What others on the machine slow down is not the beat's.
  const leastMs = Math.min(...perBeatMs);
  t.comment(`${leastMs.toFixed(2)} ms of CPU a beat`);
  t.ok(leastMs < 5, `${leastMs} ms`);
  const processes = process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap');
  t.same(processes, []);
});

t.test('beats come every five seconds, one at once, and none after stop', async (t) => {
  const clock = new FakeClock();
  const sent: number[] = [];
  const load = { time: '', cpu: { cores: 1, usedCores: 0 }, memory: { totalBytes: 1, usedBytes: 0 } };
  const measure = async () => ({ ...load, disk: { totalBytes: 1, usedBytes: 0 }, load1: 0 });
  const send = () => sent.push(clock.now());
  const heartbeat = new Heartbeat({ clock, logger: silentLogger, measure, send });
  const startMs = clock.now();
  await heartbeat.start();
  await clock.advance(10_000);
  await heartbeat.stop();
  await clock.advance(10_000);
  t.same(
    sent.map((at) => at - startMs),
    [0, 5_000, 10_000],
  );
});

t.test('a measurement that fails costs its beat, not those after it', async (t) => {
  const clock = new FakeClock();
  let tries = 0;
  let sent = 0;
  const meter = new BoardLoadMeter('/');
  const measure = async (nowMs: number) => {
    if (tries++ === 0) throw new Error('no /proc');
    return meter.measure(nowMs);
  };
  const heartbeat = new Heartbeat({ clock, logger: silentLogger, measure, send: () => sent++ });
  await heartbeat.start();
  t.equal(sent, 0);
  await clock.advance(5_000);
  await eventually(() => sent === 1);
  await heartbeat.stop();
});

t.test('of the IPv6 addresses of a board one is told that is of the LAN and stays', async (t) => {
  const line = (address: string, scope: string, flags: string, link: string) =>
    `${address.padEnd(32, '0')} 02 40 ${scope} ${flags} ${link.padStart(8)}\n`;
  const passing = [
    line('fe80', '20', '80', 'eth0'),
    line('2001', '00', '01', 'eth0'),
    line('2002', '00', 'a0', 'eth0'),
    line('fd01', '00', 'c0', 'eth0'),
    line('fd02', '00', '80', 'edge-pods'),
    `${'1'.padStart(32, '0')} 01 80 10 80       lo\n`,
  ].join('');
  t.equal(
    lastingAddressV6(passing),
    undefined,
    'link-local, temporary, deprecated, tentative, of pods, of lo',
  );
  const lasting = line('fd000077', '00', '00', 'wlan0') + line('20010db8', '00', '80', 'eth0');
  t.equal(lastingAddressV6(passing + lasting), '2001:db8::');
  t.equal(lastingAddressV6(''), undefined, 'a kernel without IPv6');
});

t.test('the address of a board is that of the way to the master, or its own on the LAN', async (t) => {
  t.equal(await addressTowards('127.0.0.1'), '127.0.0.1');
  t.equal(await addressTowards('not an address'), undefined);
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const [address] = await hostAddresses('127.0.0.1');
  t.ok(own.some((a) => a.address === address));
});
