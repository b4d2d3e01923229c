// The whole kubelet on a real disk over the fake engine: what it keeps there, and what a restart finds.
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { ConfigMap, Secret } from '../../src/api/objects.ts';
import { DesiredStand, isRunning, KEY, meta, mountedAt, podWith, startBoard } from '../support/disk-board.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeRuntime } from '../support/fake-runtime.ts';
import { desiredPod, WEB_IMAGE } from '../support/kubelet-world.ts';

const configMap = (data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: meta('settings'),
  data,
});

t.test('a pod has one record file of mode 0600, gone when the pod is gone', async (t) => {
  const board = await startBoard(t);
  board.desired.put(desiredPod());
  await isRunning(board);
  const path = join(board.dataDir, 'records', 'uid-web-1.json');
  await eventually(async () => (await stat(path)).isFile());
  t.equal((await stat(path)).mode & 0o777, 0o600);
  board.desired.pods.delete(KEY);
  board.desired.changed(KEY);
  await eventually(async () => (await readdir(join(board.dataDir, 'records'))).length === 0);
  t.equal(board.runtime.containers.size, 0);
});

t.test('a record file that a power cut spoiled costs the counts, not the pods', async (t) => {
  const first = await startBoard(t);
  first.desired.put(desiredPod());
  await isRunning(first);
  await eventually(async () => (await readdir(join(first.dataDir, 'records'))).length === 1);
  await first.kubelet.stop();
  await writeFile(join(first.dataDir, 'records', 'uid-web-1.json'), '{"uid":');
  const next = await startBoard(t, first);
  await isRunning(next);
  t.equal(next.runtime.containersOf(KEY).length, 1);
});

t.test('an emptyDir lives as long as its pod and is open to every user', async (t) => {
  const board = await startBoard(t);
  board.desired.put(podWith([{ name: 'scratch', emptyDir: {} }]));
  await isRunning(board);
  const source = mountedAt(board, '/scratch');
  t.equal((await stat(source)).mode & 0o777, 0o777);
  await writeFile(join(source, 'kept'), 'x');
  board.runtime.exit(board.runtime.containersOf(KEY)[0]?.id ?? '', 1);
  await eventually(() => board.runtime.containersOf(KEY).length === 2);
  t.equal(await readFile(join(mountedAt(board, '/scratch'), 'kept'), 'utf8'), 'x');
  board.desired.pods.delete(KEY);
  board.desired.changed(KEY);
  await eventually(async () => (await readdir(join(board.dataDir, 'volumes'))).length === 0);
});

t.test('folders of pods that nobody knows any more are swept at start', async (t) => {
  const first = await startBoard(t);
  first.desired.put(podWith([{ name: 'scratch', emptyDir: {} }]));
  await isRunning(first);
  await first.kubelet.stop();
  await mkdir(join(first.dataDir, 'volumes', 'uid-lost', 'scratch'), { recursive: true });
  const next = await startBoard(t, first);
  t.same(await readdir(join(next.dataDir, 'volumes')), ['uid-web-1']);
});

t.test('Secrets are written into memory only, with their mode, and follow changes in one step', async (t) => {
  const board = await startBoard(t);
  const secret = (text: string): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta('login'),
    data: { password: Buffer.from(text).toString('base64') },
  });
  board.desired.secrets.set('default/login', secret('eins'));
  board.desired.put(podWith([{ name: 'login', secret: { secretName: 'login', defaultMode: 0o400 } }]));
  await isRunning(board);
  const source = mountedAt(board, '/login');
  t.notOk(source.startsWith(board.dataDir));
  t.match(source, /^\/(run|dev\/shm)\//);
  t.equal(await readFile(join(source, 'password'), 'utf8'), 'eins');
  t.equal((await stat(join(source, 'password'))).mode & 0o777, 0o400);
  board.desired.secrets.set('default/login', secret('zwei'));
  board.desired.changed(KEY);
  await eventually(async () => (await readFile(join(source, 'password'), 'utf8')) === 'zwei');
  await board.clock.advance(5_000);
  await board.kubelet.stop();
  const checkpoint = await readFile(join(board.dataDir, 'checkpoint', 'pods'), 'latin1');
  t.notOk(checkpoint.includes(Buffer.from('zwei').toString('base64')));
});

t.test('a ConfigMap volume takes chosen keys and loses keys that go', async (t) => {
  const board = await startBoard(t);
  board.desired.configMaps.set('default/settings', configMap({ a: '1', b: '2' }));
  board.desired.put(podWith([{ name: 'all', configMap: { name: 'settings' } }]));
  await isRunning(board);
  const source = mountedAt(board, '/all');
  board.desired.configMaps.set('default/settings', configMap({ b: '3' }));
  board.desired.changed(KEY);
  await eventually(async () => (await readFile(join(source, 'b'), 'utf8')) === '3');
  t.same(
    (await readdir(source)).filter((n) => !n.startsWith('..')),
    ['b'],
  );
});

t.test('a restarted agent still brings ConfigMap files of running pods up to date', async (t) => {
  const first = await startBoard(t);
  first.desired.configMaps.set('default/settings', configMap({ a: '1' }));
  first.desired.put(podWith([{ name: 'all', configMap: { name: 'settings' } }]));
  await isRunning(first);
  const source = mountedAt(first, '/all');
  await first.kubelet.stop();
  const next = await startBoard(t, first);
  next.desired.configMaps.set('default/settings', configMap({ a: '2' }));
  next.desired.changed(KEY);
  await eventually(async () => (await readFile(join(source, 'a'), 'utf8')) === '2');
  t.equal(next.runtime.containersOf(KEY).length, 1);
});

t.test('a missing ConfigMap for a volume is told as FailedMount', async (t) => {
  const board = await startBoard(t);
  board.desired.put(podWith([{ name: 'all', configMap: { name: 'settings' } }]));
  await eventually(() => board.sink.reasons().includes('FailedMount'));
  t.match(board.sink.pods.get(KEY)?.status.containerStatuses?.[0]?.state?.waiting, {
    reason: 'ContainerCreating',
    message: 'MountVolume.SetUp failed for volume "all" : configmap "settings" not found',
  });
});

for (const [type, isMade] of [
  ['DirectoryOrCreate', true],
  ['FileOrCreate', true],
  [undefined, true],
  ['Directory', false],
  ['File', false],
  ['Socket', false],
] as const) {
  t.test(
    `a hostPath of type ${type ?? 'none'} that is missing is ${isMade ? 'made' : 'refused'}`,
    async (t) => {
      const board = await startBoard(t);
      const path = join(board.dataDir, 'on-the-board', 'x');
      board.desired.put(podWith([{ name: 'host', hostPath: { path, ...(type ? { type } : {}) } }]));
      if (isMade) {
        await isRunning(board);
        t.ok(await stat(path));
        return;
      }
      await eventually(() => board.sink.reasons().includes('FailedMount'));
      t.match(
        board.sink.events.at(-1)?.message,
        `MountVolume.SetUp failed for volume "host" : hostPath type check failed: ${path} is not a `,
      );
    },
  );
}

t.test('what the board itself refuses is told of the volume, not kept to the agent', async (t) => {
  const board = await startBoard(t);
  const file = join(board.dataDir, 'a-file');
  await writeFile(file, '');
  const path = join(file, 'below');
  board.desired.put(podWith([{ name: 'host', hostPath: { path, type: 'DirectoryOrCreate' } }]));
  await eventually(() => board.sink.reasons().includes('FailedMount'));
  t.match(board.sink.events.at(-1)?.message, /^MountVolume.SetUp failed for volume "host" : ENOTDIR/);
});

t.test('a subPath is made inside its volume and may not lead out of it', async (t) => {
  const board = await startBoard(t);
  const host = join(board.dataDir, 'host');
  board.desired.put(podWith([{ name: 'host', hostPath: { path: host } }], 'deep/er'));
  await isRunning(board);
  t.equal(mountedAt(board, '/host'), join(host, 'deep/er'));
  await symlink('/etc', join(host, 'out'));
  for (const subPath of ['out', 'out/new-folder', '../x']) {
    const pod = podWith([{ name: 'host', hostPath: { path: host } }], subPath);
    pod.metadata.name = 'evil';
    pod.metadata.uid = `uid-${subPath}`;
    board.sink.events.length = 0;
    board.desired.put(pod);
    await eventually(() =>
      board.sink.events.some((e) => /leads out of its volume|may not contain/.test(e.message)),
    );
  }
  t.notOk((await readdir('/etc')).includes('new-folder'));
});

t.test('with no master in sight a board that booted starts its pods from the checkpoint', async (t) => {
  const first = await startBoard(t);
  const env = [{ name: 'PEER', value: '$(WEB_SERVICE_HOST)' }];
  first.desired.put(desiredPod({ spec: { containers: [{ name: 'web', image: WEB_IMAGE, env }] } }));
  await isRunning(first);
  await first.clock.advance(2_000);
  await eventually(async () => (await stat(join(first.dataDir, 'checkpoint', 'pods'))).isFile());
  t.equal((await stat(join(first.dataDir, 'checkpoint', 'pods'))).mode & 0o777, 0o600);
  await first.kubelet.stop();
  first.runtime.powerCut();
  const desired = new DesiredStand();
  desired.isAway = true;
  const next = await startBoard(t, { ...first, desired });
  await isRunning(next);
  const container = next.runtime.containersOf(KEY).find((c) => c.state === 'running');
  t.equal(next.runtime.configs.get(container?.id ?? '')?.env.PEER, '10.48.0.7');
  desired.isAway = false;
  desired.changed();
  await eventually(() => next.runtime.containers.size === 0, 5_000);
});

t.test('a board that boots alone starts pods that use Secrets, at the addresses that they had', async (t) => {
  const first = await startBoard(t);
  const password = Buffer.from('geheim').toString('base64');
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: meta('login'), data: { password } };
  first.desired.secrets.set('default/login', secret);
  const other = desiredPod({ name: 'a-first' });
  first.desired.put(podWith([{ name: 'login', secret: { secretName: 'login' } }]));
  await isRunning(first);
  first.desired.put(other);
  await isRunning(first, 'default/a-first');
  const addresses = ['default/a-first', KEY].map((key) => first.sink.pods.get(key)?.status.podIP);
  await first.clock.advance(5_000);
  await first.kubelet.stop();
  first.runtime.powerCut();
  const memory = mountedAt(first, '/login');
  await rm(memory, { recursive: true, force: true });
  const sealed = await readFile(join(first.dataDir, 'checkpoint', 'pods'), 'latin1');
  t.notOk(sealed.includes(password) || sealed.includes('web-1'), 'nothing of it can be read');
  t.equal((await stat(join(first.dataDir, 'checkpoint.key'))).mode & 0o777, 0o600);
  const desired = new DesiredStand();
  desired.isAway = true;
  const next = await startBoard(t, { ...first, desired });
  await isRunning(next);
  await isRunning(next, 'default/a-first');
  t.equal(await readFile(join(mountedAt(next, '/login'), 'password'), 'utf8'), 'geheim');
  t.same(
    ['default/a-first', KEY].map((key) => next.sink.pods.get(key)?.status.podIP),
    addresses,
  );
  const before = [...next.runtime.containers.keys()];
  Object.assign(desired, { pods: first.desired.pods, secrets: first.desired.secrets, isAway: false });
  desired.changed(KEY, 'default/a-first');
  await next.clock.advance(60_000);
  t.same([...next.runtime.containers.keys()], before, 'the master is back: nothing restarts');
});

t.test('pods that run are left alone until the first complete set', async (t) => {
  const first = await startBoard(t);
  first.desired.put(desiredPod());
  await isRunning(first);
  await first.kubelet.stop();
  await rm(join(first.dataDir, 'checkpoint', 'pods'), { force: true });
  const desired = new DesiredStand();
  desired.isAway = true;
  const next = await startBoard(t, { ...first, desired });
  await next.clock.advance(60_000);
  t.equal(next.runtime.containers.size, 2);
  t.equal(next.sink.pods.size, 0);
  desired.isAway = false;
  desired.changed();
  await eventually(() => next.runtime.containers.size === 0);
});

t.test('an idle board writes nothing', async (t) => {
  const board = await startBoard(t);
  board.desired.put(desiredPod());
  await isRunning(board);
  await board.clock.advance(5_000);
  const path = join(board.dataDir, 'checkpoint', 'pods');
  const written = await eventually(async () => (await stat(path)).mtimeMs);
  const moved = desiredPod({ status: { phase: 'Running' }, metadata: { resourceVersion: '99' } });
  board.desired.put(moved);
  await board.clock.advance(60_000);
  await board.kubelet.stop();
  t.equal((await stat(path)).mtimeMs, written);
});

t.test('a missing engine is a problem that ends when it appears', async (t) => {
  const clock = new FakeClock();
  const runtime = new FakeRuntime({ clock, images: [WEB_IMAGE] });
  runtime.unavailable('podman is not installed');
  const problems: (string | undefined)[] = [];
  const board = await startBoard(t, { clock, runtime }, { onProblem: (p) => problems.push(p?.reason) });
  board.desired.put(desiredPod());
  t.same(board.kubelet.problem, { reason: 'RuntimeUnavailable', message: 'podman is not installed' });
  runtime.available();
  await clock.advance(2_000);
  await isRunning(board);
  t.same(problems, ['RuntimeUnavailable', undefined]);
});

t.test('with cleanOnStop nothing of the pods is left', async (t) => {
  const board = await startBoard(t, {}, { cleanOnStop: true });
  board.desired.put(podWith([{ name: 'scratch', emptyDir: {} }]));
  board.desired.put(desiredPod({ name: 'web-2' }));
  await isRunning(board);
  await isRunning(board, 'default/web-2');
  await board.kubelet.stop();
  t.equal(board.runtime.containers.size, 0);
  t.notOk((await readdir(board.dataDir)).includes('volumes'));
});
