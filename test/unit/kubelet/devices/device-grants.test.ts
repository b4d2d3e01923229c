import t from 'tap';
import type { BoardDevice } from '../../../../src/kubelet/devices/board-device.ts';
import { DeviceGrants } from '../../../../src/kubelet/devices/device-grants.ts';

const device = (sort: BoardDevice['sort'], ...paths: string[]): BoardDevice => ({ sort, paths });
const board = [
  device('i2c', '/dev/i2c-1'),
  device('i2c', '/dev/i2c-0'),
  device('video', '/dev/video0', '/dev/video1'),
];
const holder = (podUid: string, state: string, ...devices: string[]) => ({
  podUid,
  containerName: 'main',
  devices,
  state,
});
const me = { podUid: 'me', containerName: 'main' };

t.test('what a container holds that has not ended is given to no other', async (t) => {
  const grants = new DeviceGrants();
  t.same(grants.reserve({ i2c: 1 }, board, [holder('other', 'running', '/dev/i2c-1')], me), ['/dev/i2c-0']);
  const created = [holder('other', 'created', '/dev/video0', '/dev/video1')];
  t.throws(() => grants.reserve({ video: 1 }, board, created, me), /Requested: 1, Available: 0/);
  t.same(grants.reserve({ video: 1 }, board, [holder('other', 'exited', '/dev/video0')], me), [
    '/dev/video0',
    '/dev/video1',
  ]);
});

t.test('a container that is started again gets what it had', async (t) => {
  const grants = new DeviceGrants();
  const before = [holder('me', 'exited', '/dev/i2c-0')];
  t.same(grants.reserve({ i2c: 1 }, board, before, me), ['/dev/i2c-0']);
});

t.test('a demand that cannot be met whole reserves nothing', async (t) => {
  const grants = new DeviceGrants();
  t.throws(
    () => grants.reserve({ i2c: 2, video: 2 }, board, [], me),
    /edge-cluster.io\/video. Requested: 2, Available: 1/,
  );
  t.same(grants.reserve({ i2c: 2 }, board, [], me), ['/dev/i2c-1', '/dev/i2c-0']);
});
