// What boards say of their own trouble, read from boards that are only files; and what pods use of a disk.
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BoardFiles } from '../../src/kubelet/board/board-files.ts';
import { BoardSensors } from '../../src/kubelet/board/board-sensors.ts';
import { diskUse } from '../../src/kubelet/eviction/disk-use.ts';

const boards = new URL('../fixtures/boards', import.meta.url).pathname;
const NOW = Date.parse('2026-01-01T00:00:00Z');
const sensorsOf = (root: string) => new BoardSensors(new BoardFiles(root), root);

async function copyOf(t: Test, board: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'edge-sensors-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  await cp(join(boards, board), root, { recursive: true });
  return root;
}

t.test('a Raspberry Pi 4 with a weak supply says so, and how many processes it has', async (t) => {
  const signs = await sensorsOf(join(boards, 'raspberry-pi-4-b')).read(NOW);
  const causes = ['underVoltage', 'throttled'];
  t.same(signs, { pids: { used: 345, max: 29000 }, throttling: { now: causes, sinceBoot: causes } });
});

t.test('a Raspberry Pi 5 has its firmware in another place', async (t) => {
  const { throttling } = await sensorsOf(join(boards, 'raspberry-pi-5')).read(NOW);
  t.same(throttling, { now: [], sinceBoot: [] });
});

t.test('a kernel without get_throttled tells under-voltage by its hwmon driver', async (t) => {
  const root = await copyOf(t, 'raspberry-pi-4-b');
  await rm(join(root, 'sys/devices'), { recursive: true });
  const sensors = sensorsOf(root);
  t.same((await sensors.read(NOW)).throttling, { now: ['underVoltage'], sinceBoot: [] });
  await writeFile(join(root, 'sys/class/hwmon/hwmon1/in0_lcrit_alarm'), '0\n');
  t.same((await sensors.read(NOW)).throttling?.now, []);
});

t.test('a board that cannot tell says nothing', async (t) => {
  t.same(await sensorsOf(join(boards, 'pc')).read(NOW), {});
});

t.test(
  'a clock is not set before its year, or before a time server has told a board without a clock',
  async (t) => {
    const root = await copyOf(t, 'pc');
    t.same((await sensorsOf(root).read(0)).faults, ['clockNotSet']);
    await mkdir(join(root, 'run/systemd/timesync'), { recursive: true });
    const sensors = sensorsOf(root);
    t.same((await sensors.read(NOW)).faults, ['clockNotSet']);
    await writeFile(join(root, 'run/systemd/timesync/synchronized'), '');
    t.same((await sensors.read(NOW)).faults, undefined);
    await rm(join(root, 'run/systemd/timesync/synchronized'));
    await mkdir(join(root, 'sys/class/rtc/rtc0'), { recursive: true });
    t.same((await sensorsOf(root).read(NOW)).faults, undefined, 'it has a clock with a battery');
  },
);

t.test('the use of a folder is what du counts, links not followed', async (t) => {
  const root = await copyOf(t, 'pc');
  await mkdir(join(root, 'pod/deep'), { recursive: true });
  await writeFile(join(root, 'pod/deep/file'), Buffer.alloc(300_000, 1));
  await symlink('/usr', join(root, 'pod/usr'));
  const { bytes, inodes } = await diskUse(join(root, 'pod'));
  t.equal(inodes, 4);
  t.ok(bytes >= 300_000 && bytes < 400_000, `${bytes}`);
  t.same(await diskUse(join(root, 'none')), { bytes: 0, inodes: 0 });
});
