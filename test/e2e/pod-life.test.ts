// What keeps a pod itself while parts of it change, on real podman.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Pod } from '../../src/api/objects.ts';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { eventually } from '../support/eventually.ts';
import { podman, readyPods, runningContainers } from '../support/pods.ts';
import { Trial } from '../support/trial.ts';

const otherImage = 'localhost/edge-cluster-demo:2';
const sleeper = ['/bin/sh', '-c', 'trap "exit 0" TERM; while true; do /bin/busybox sleep 1; done'];

const pair = (image: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pair', labels: { app: 'pair' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    volumes: [{ name: 'shared', emptyDir: {} }],
    containers: ['one', 'two'].map((name) => ({
      name,
      image: name === 'one' ? image : demoImage,
      command: sleeper,
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
    })),
  },
});

t.test('a pod of two containers', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-life-'));
  const trial = await Trial.create();
  t.teardown(async () => {
    await trial.destroy();
    await podman('image', 'rm', '--force', otherImage);
    await rm(work, { recursive: true, force: true });
  });
  await ensureDemoImage(work);
  await podman('tag', demoImage, otherImage);
  await trial.start();
  const theOne = async (): Promise<Pod> => (await readyPods(trial, 'app=pair', 1))[0] as Pod;
  const inside = (container: string, ...command: string[]) =>
    podman('exec', idOf(container), '/bin/busybox', ...command);
  let pod: Pod;
  const idOf = (container: string) =>
    pod.status?.containerStatuses
      ?.find(({ name }) => name === container)
      ?.containerID?.slice('podman://'.length) ?? '';
  const restartsOf = (container: string) =>
    pod.status?.containerStatuses?.find(({ name }) => name === container)?.restartCount;

  await t.test('shares address, host name and files, and knows itself in /etc/hosts', async (t) => {
    await trial.apply(pair(demoImage));
    pod = await theOne();
    t.equal((await inside('one', 'hostname')).trim(), 'pair');
    t.match(await inside('two', 'cat', '/etc/hosts'), `${pod.status?.podIP}`);
    await inside('one', 'touch', '/shared/from-one');
    t.match(await inside('two', 'ls', '/shared'), 'from-one');
    t.equal(
      await inside('one', 'ip', '-4', 'address', 'show', 'eth0'),
      await inside('two', 'ip', '-4', 'address', 'show', 'eth0'),
    );
  });

  await t.test('gets a changed image in place: same address, the other container untouched', async (t) => {
    const before = { ip: pod.status?.podIP, uid: pod.metadata.uid, two: idOf('two'), one: idOf('one') };
    await trial.apply(pair(otherImage));
    await eventually(
      async () => {
        pod = await theOne();
        return restartsOf('one') === 1 && idOf('one') !== before.one;
      },
      30_000,
      200,
    );
    t.same([pod.status?.podIP, pod.metadata.uid, idOf('two')], [before.ip, before.uid, before.two]);
    t.equal(restartsOf('two'), 0);
    t.match(await inside('two', 'ls', '/shared'), 'from-one', 'the volume lives as long as the pod');
  });

  await t.test('is remade whole when its pause container dies', async (t) => {
    const before = [idOf('one'), idOf('two')];
    const [pause = ''] = await runningContainers('name=^pair_default_POD');
    await podman('kill', '--signal', 'KILL', pause.split(' ')[0] ?? '');
    await eventually(
      async () => {
        pod = await theOne();
        return !before.includes(idOf('one')) && !before.includes(idOf('two'));
      },
      60_000,
      200,
    );
    t.same([restartsOf('one'), restartsOf('two')], [2, 1]);
    t.equal((await runningContainers('name=^pair_default_')).length, 3);
  });
});
