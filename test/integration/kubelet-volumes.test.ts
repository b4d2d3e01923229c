// Volumes of claims and of groups on a real disk, with a whole kubelet over the fake engine.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { core, PersistentVolume, Pod } from '../../src/api/objects.ts';
import { LOCAL_PATH_PROVISIONER } from '../../src/api/storage-marks.ts';
import { takeOwnership } from '../../src/kubelet/volumes/ownership.ts';
import { type Board, isRunning, KEY, meta, mountedAt, podWith, startBoard } from '../support/disk-board.ts';
import { eventually } from '../support/eventually.ts';

const GROUP = 4321;
const claim: core.Volume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };

function localVolume(spec: Partial<core.PersistentVolumeSpec> = {}, phase = 'Bound'): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pvc-1', uid: 'volume-uid', resourceVersion: '1', creationTimestamp: '' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { namespace: 'default', name: 'data' },
      csi: { driver: LOCAL_PATH_PROVISIONER, volumeHandle: 'pvc-1', volumeAttributes: { node: 'board-a' } },
      ...spec,
    },
    status: { phase },
  };
}

/** As the master's next complete set has it. */
function put(board: Board, volume: PersistentVolume): void {
  board.desired.volumes.set(volume.metadata.name, volume);
  board.desired.changed(KEY);
}

const named = (pod: Pod, name: string): Pod => ({ ...pod, metadata: { ...pod.metadata, ...meta(name) } });
const problem = (board: Board, text: RegExp) =>
  eventually(() =>
    board.sink.events.some(({ reason, message }) => reason === 'FailedMount' && text.test(message)),
  );

t.test('a pod waits for the volume of its claim, and finds what the pod before it left there', async (t) => {
  const board = await startBoard(t);
  board.desired.put(podWith([claim]));
  await problem(
    board,
    /unmounted volumes=\[data\]: error processing PVC default\/data: .* is not bound to a volume yet/,
  );
  put(board, localVolume());
  await isRunning(board);
  const path = mountedAt(board, '/data');
  t.equal(path, join(board.dataDir, 'local-volumes', 'pvc-1'));
  t.equal((await stat(path)).mode & 0o777, 0o777);
  await writeFile(join(path, 'kept'), 'yes');
  board.desired.pods.clear();
  board.desired.changed(KEY);
  await eventually(() => board.sink.forgotten.includes(KEY));
  t.equal(await readFile(join(path, 'kept'), 'utf8'), 'yes');
});

t.test(
  'a volume that the master only stops naming stays, one that is released is removed and told',
  async (t) => {
    const board = await startBoard(t);
    const path = join(board.dataDir, 'local-volumes', 'pvc-1');
    await mkdir(path, { recursive: true });
    board.desired.changed();
    put(board, localVolume({}, 'Bound'));
    board.desired.volumes.clear();
    board.desired.changed();
    put(board, localVolume({ persistentVolumeReclaimPolicy: 'Retain' }, 'Released'));
    t.ok((await stat(path)).isDirectory());
    put(board, localVolume({}, 'Released'));
    await eventually(() => board.sink.volumes['pvc-1']?.removed === true);
    t.same(await readdir(join(board.dataDir, 'local-volumes')), []);
    board.desired.volumes.clear();
    board.desired.changed();
    await eventually(() => Object.keys(board.sink.volumes).length === 0);
  },
);

t.test('a volume of another board, of another kind or without its directory says so', async (t) => {
  const csi = {
    driver: LOCAL_PATH_PROVISIONER,
    volumeHandle: 'pvc-1',
    volumeAttributes: { node: 'board-b' },
  };
  const cases: [Partial<core.PersistentVolumeSpec>, RegExp][] = [
    [{ csi }, /^MountVolume.SetUp failed for volume "pvc-1" : .* is a directory of node "board-b"/],
    [
      { csi: { ...csi, volumeAttributes: { node: 'board-a' }, volumeHandle: '../x' } },
      /is no name of a directory/,
    ],
    [{ csi: undefined as never, local: { path: '/none/here' } }, /path "\/none\/here" does not exist/],
    [
      { csi: undefined as never, iscsi: { iqn: 'i', lun: 0, targetPortal: 'p' } },
      /no volume plugin matched.*iscsi/,
    ],
    [{ volumeMode: 'Block' }, /is a block device/],
  ];
  for (const [spec, text] of cases) {
    const board = await startBoard(t);
    const volume = JSON.parse(JSON.stringify(localVolume(spec)));
    board.desired.volumes.set('pvc-1', volume);
    board.desired.put(podWith([claim]));
    await problem(board, text);
  }
});

t.test('a ReadWriteOncePod volume is for the first pod alone, until that pod is gone', async (t) => {
  const board = await startBoard(t);
  board.desired.volumes.set('pvc-1', localVolume({ accessModes: ['ReadWriteOncePod'] }));
  const second = named(podWith([claim]), 'web-2');
  board.desired.put(named(podWith([claim]), 'web-1'));
  board.desired.put(second);
  await isRunning(board);
  await problem(board, /uses the ReadWriteOncePod access mode and is already in use by pod default\/web-1/);
  board.desired.pods.delete(KEY);
  board.desired.changed(KEY);
  await eventually(() => board.sink.forgotten.includes(KEY));
  board.desired.changed('default/web-2');
  await isRunning(board, 'default/web-2');
});

t.test('volumes belong to the fsGroup of their pod, and its processes to that group', async (t) => {
  const board = await startBoard(t);
  board.desired.configMaps.set('default/app', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: meta('app'),
    data: { conf: 'x' },
  });
  const volumes = [
    { name: 'scratch', emptyDir: {} },
    { name: 'app', configMap: { name: 'app', defaultMode: 0o400 } },
  ];
  const pod = podWith(volumes);
  pod.spec.securityContext = { fsGroup: GROUP, supplementalGroups: [7] };
  board.desired.put(pod);
  await isRunning(board);
  const scratch = await stat(mountedAt(board, '/scratch'));
  t.same([scratch.gid, scratch.mode & 0o7777], [GROUP, 0o2777]);
  const file = await stat(join(mountedAt(board, '/app'), 'conf'));
  t.same([file.gid, file.mode & 0o777], [GROUP, 0o440]);
  const [container] = board.runtime.containersOf(KEY).slice(-1);
  t.same(board.runtime.configs.get(container?.id ?? '')?.groups, [7, GROUP]);
});

t.test('ownership goes down the tree, follows no link, and stops at a root that has it', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'edge-owner-'));
  const outside = await mkdtemp(join(tmpdir(), 'edge-owner-'));
  t.teardown(() => Promise.all([root, outside].map((path) => rm(path, { recursive: true, force: true }))));
  await mkdir(join(root, 'a/b'), { recursive: true });
  for (const path of [join(root, 'a/b/file'), join(outside, 'file')]) {
    await writeFile(path, '');
    await chmod(path, 0o600);
  }
  await symlink(outside, join(root, 'link'));
  await takeOwnership(root, { gid: GROUP, readOnly: false, policy: undefined });
  const seen = async (path: string) => {
    const { gid, mode } = await stat(path);
    return [gid, mode & 0o7777];
  };
  t.same(await seen(join(root, 'a/b/file')), [GROUP, 0o660]);
  t.same((await seen(join(root, 'a')))[0], GROUP);
  t.same(await seen(join(outside, 'file')), [process.getgid?.(), 0o600]);
  await chmod(join(root, 'a/b/file'), 0o600);
  await takeOwnership(root, { gid: GROUP, readOnly: false, policy: 'OnRootMismatch' });
  t.same(await seen(join(root, 'a/b/file')), [GROUP, 0o600]);
});

t.test('subPathExpr makes a directory of its own from the variables of the container', async (t) => {
  const board = await startBoard(t);
  const pod = podWith([{ name: 'logs', emptyDir: {} }]);
  const [container] = pod.spec.containers;
  if (!container) throw new Error('no container');
  container.env = [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
  container.volumeMounts = [{ name: 'logs', mountPath: '/logs', subPathExpr: 'of/$(NAME)' }];
  board.desired.put(pod);
  await isRunning(board);
  t.match(mountedAt(board, '/logs'), /\/logs\/of\/web-1$/);
});

t.test('who may write to a volume may write to a subPath that is made in it', async (t) => {
  const board = await startBoard(t);
  const pod = podWith([{ name: 'data', emptyDir: {} }]);
  const [container] = pod.spec.containers;
  if (!container) throw new Error('no container');
  pod.spec.securityContext = { fsGroup: GROUP };
  container.volumeMounts = [{ name: 'data', mountPath: '/data', subPath: 'db/files' }];
  board.desired.put(pod);
  await isRunning(board);
  const part = await stat(mountedAt(board, '/data'));
  t.same([part.gid, part.mode & 0o7777], [GROUP, 0o2777]);
});
