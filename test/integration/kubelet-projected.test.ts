// Projected and downwardAPI volumes of a whole kubelet on a real disk: what waits, what follows changes, and what a
// board without its master does.
import { readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { core, Secret } from '../../src/api/objects.ts';
import { DesiredStand, isRunning, KEY, meta, mountedAt, podWith, startBoard } from '../support/disk-board.ts';
import { eventually } from '../support/eventually.ts';

const access: core.Volume = {
  name: 'access',
  projected: {
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ],
  },
};
const tokens = (text: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { ...meta('token:web-1'), uid: 'uid-web-1' },
  data: { '3607 ': Buffer.from(text).toString('base64') },
});
const text = (folder: string, name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined);

t.test(
  'a pod waits for its token as for a missing Secret, starts when it comes, and follows it',
  async (t) => {
    const board = await startBoard(t);
    board.desired.put(podWith([access]));
    const waiting = () => board.sink.pods.get(KEY)?.status.containerStatuses?.[0]?.state?.waiting;
    const why = 'the token of its ServiceAccount has not been received yet';
    const message = `MountVolume.SetUp failed for volume "access" : ${why}`;
    await eventually(() => waiting()?.message === message);
    t.equal(waiting()?.reason, 'ContainerCreating');
    t.ok(board.sink.reasons().includes('FailedMount'));
    board.desired.secrets.set('default/token:web-1', tokens('first'));
    board.desired.changed(KEY);
    await isRunning(board);
    const source = mountedAt(board, '/access');
    t.same([await text(source, 'token'), await text(source, 'namespace')], ['first', 'default']);
    t.match(source, /^\/(run|dev\/shm)\//, 'in memory');
    t.equal((await stat(dirname(dirname(source)))).mode & 0o077, 0, 'closed to other users of the board');
    board.desired.secrets.set('default/token:web-1', tokens('second'));
    board.desired.changed(KEY);
    await eventually(async () => (await text(source, 'token')) === 'second');
    board.desired.secrets.clear();
    board.desired.changed(KEY);
    await board.kubelet.stop();
    t.equal(await text(source, 'token'), 'second', 'what is missing now stays as it was');
  },
);

t.test('labels in a downwardAPI volume follow the pod without a restart', async (t) => {
  const board = await startBoard(t);
  const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }];
  const pod = podWith([{ name: 'about', downwardAPI: { items } }]);
  board.desired.put({ ...pod, metadata: { ...pod.metadata, labels: { rev: '1' } } });
  await isRunning(board);
  const source = mountedAt(board, '/about');
  t.equal(await text(source, 'labels'), 'rev="1"');
  board.desired.put({ ...pod, metadata: { ...pod.metadata, labels: { rev: '2' } } });
  await eventually(async () => (await text(source, 'labels')) === 'rev="2"');
  t.equal(board.runtime.containersOf(KEY).length, 1);
});

t.test(
  'with no master in sight a pod starts without its token, and gets it when the master is back',
  async (t) => {
    const first = await startBoard(t);
    first.desired.secrets.set('default/token:web-1', tokens('before'));
    first.desired.put(podWith([access]));
    await isRunning(first);
    await first.clock.advance(2_000);
    await first.kubelet.stop();
    first.runtime.powerCut();
    // What was in memory is gone with the power.
    await rm(dirname(mountedAt(first, '/access')), { recursive: true, force: true });
    const desired = new DesiredStand();
    desired.isAway = true;
    const next = await startBoard(t, { ...first, desired });
    await isRunning(next);
    const source = mountedAt(next, '/access');
    t.same([await text(source, 'token'), await text(source, 'namespace')], [undefined, 'default']);
    desired.pods = first.desired.pods;
    desired.secrets.set('default/token:web-1', tokens('after'));
    desired.isAway = false;
    desired.changed(KEY);
    await eventually(async () => (await text(source, 'token')) === 'after');
  },
);

t.test('an agent that restarts with no master in sight keeps the token that its pods have', async (t) => {
  const first = await startBoard(t);
  first.desired.secrets.set('default/token:web-1', tokens('before'));
  first.desired.put(podWith([access]));
  await isRunning(first);
  const source = mountedAt(first, '/access');
  await first.clock.advance(2_000);
  await first.kubelet.stop();
  const desired = new DesiredStand();
  desired.isAway = true;
  const next = await startBoard(t, { ...first, desired });
  next.runtime.exit(next.runtime.containersOf(KEY)[0]?.id ?? '', 1);
  await eventually(() => next.runtime.containersOf(KEY).length === 2);
  t.equal(await text(source, 'token'), 'before');
});
