// Devices found on boards that are only files, and seen to come and go.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { BoardFiles } from '../../src/kubelet/board/board-files.ts';
import { boardLabels } from '../../src/kubelet/board/board-labels.ts';
import { deviceCounts } from '../../src/kubelet/devices/board-device.ts';
import { BoardDevices } from '../../src/kubelet/devices/board-devices.ts';
import { findDevices } from '../../src/kubelet/devices/find-devices.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

const boards = new URL('../fixtures/boards', import.meta.url).pathname;
const found = async (board: string) => {
  const devices = await findDevices(new BoardFiles(join(boards, board)));
  return Object.groupBy(devices, ({ sort }) => sort);
};

t.test(
  'a Raspberry Pi 4 offers its header, its camera and what is plugged in, not what it uses',
  async (t) => {
    const { gpio, i2c, spi, serial, video, usb } = await found('raspberry-pi-4-b');
    const paths = (devices: { paths: string[] }[] | undefined) =>
      devices?.map((device) => device.paths.join(' '));
    t.same(paths(gpio), ['/dev/gpiochip0 /dev/gpiomem']);
    t.same(
      paths(i2c),
      ['/dev/i2c-1', '/dev/i2c-0', '/dev/i2c-10'],
      'the bus of the header first, none of HDMI',
    );
    t.same(paths(spi), ['/dev/spidev0.0', '/dev/spidev0.1']);
    t.same(paths(serial), ['/dev/ttyAMA0', '/dev/ttyUSB0'], 'not the console');
    t.same(paths(video), ['/dev/video0 /dev/video1'], 'both files of one camera, no codec');
    t.same(paths(usb), ['/dev/bus/usb/001/005'], 'what no driver uses: no hub, disk, camera or adapter');
  },
);

t.test('a Raspberry Pi 5 has its pins behind another chip', async (t) => {
  const { gpio, i2c, serial, video } = await found('raspberry-pi-5');
  t.same(
    gpio?.map(({ paths }) => paths),
    [['/dev/gpiochip0', '/dev/gpiomem0']],
  );
  t.same(
    i2c?.map(({ paths }) => paths),
    [['/dev/i2c-1']],
  );
  t.equal(serial?.length, 2);
  t.equal(video, undefined);
});

t.test('a PC offers the serial port that it has, of the four it has files for', async (t) => {
  const devices = await findDevices(new BoardFiles(join(boards, 'pc')));
  t.same(devices, [{ sort: 'serial', paths: ['/dev/ttyS1'] }]);
  t.same(deviceCounts(devices), { 'edge-cluster.io/serial': '1' });
});

t.test('labels say what a board is, and not which one', async (t) => {
  const labels = await boardLabels(new BoardFiles(join(boards, 'raspberry-pi-4-b')), 3.7 * 1024 ** 3);
  t.match(labels, {
    'node.kubernetes.io/instance-type': 'Raspberry-Pi-4-Model-B-Rev-1.4',
    'edge-cluster.io/model': 'Raspberry-Pi-4-Model-B-Rev-1.4',
    'edge-cluster.io/soc': 'bcm2711',
    'edge-cluster.io/memory': '4Gi',
    'edge-cluster.io/os': 'debian',
    'edge-cluster.io/os-version': '12',
  });
  t.notMatch(JSON.stringify(labels), 'abcdef01');
  const pc = await boardLabels(new BoardFiles(join(boards, 'pc')), 500 * 1024 ** 2);
  t.match(pc, { 'edge-cluster.io/model': 'Standard-PC-Q35-ICH9-2009', 'edge-cluster.io/memory': '512Mi' });
  t.notOk('edge-cluster.io/soc' in pc);
});

t.test('a device that is plugged in is seen without polling, a written file is not looked at', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'edge-devices-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  await cp(join(boards, 'pc'), root, { recursive: true });
  const clock = new FakeClock();
  let changes = 0;
  const devices = new BoardDevices({ clock, logger: silentLogger, onChange: () => changes++, root });
  await devices.start();
  t.teardown(() => devices.stop());
  t.equal(devices.found.length, 1);
  await writeFile(join(root, 'dev/ttyUSB0'), '');
  await eventually(async () => {
    await clock.advance(1_000);
    return changes === 1;
  });
  t.same(deviceCounts(devices.found), { 'edge-cluster.io/serial': '2' });
  await rm(join(root, 'dev/ttyUSB0'));
  await eventually(async () => {
    await clock.advance(1_000);
    return changes === 2;
  });
  t.equal(devices.found.length, 1);
});

t.test('a container gets devices of its own until it is told of, and their group', async (t) => {
  const root = join(boards, 'raspberry-pi-4-b');
  const devices = new BoardDevices({
    clock: new FakeClock(),
    logger: silentLogger,
    onChange: () => {},
    root,
  });
  await devices.start();
  t.teardown(() => devices.stop());
  const asking = (count: number) => ({
    name: 'a',
    resources: { limits: { 'edge-cluster.io/spi': `${count}` } },
  });
  const first = await devices.grant(asking(1), 'one', []);
  t.same(first.paths, ['/dev/spidev0.0']);
  const second = await devices.grant(asking(1), 'two', []);
  t.same(second.paths, ['/dev/spidev0.1']);
  await t.rejects(
    devices.grant(asking(1), 'three', []),
    /unavailable for edge-cluster.io\/spi. Requested: 1, Available: 0/,
  );
  devices.release(first);
  t.same((await devices.grant(asking(1), 'three', [])).paths, ['/dev/spidev0.0']);
});
