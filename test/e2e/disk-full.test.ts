// Full disks under the programs themselves, on real podman: what runs goes on, what is stored stays whole, everybody is
// told what is wrong, and once there is room all goes on by itself.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Node, Pod } from '../../src/api/objects.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { labFolder } from '../support/lab.ts';
import { readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

const exec = promisify(execFile);

/** Neither refused nor ended by a board that is short of something. */
const CRITICAL = { priorityClassName: 'system-node-critical', tolerations: [{ operator: 'Exists' }] };

const pod = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: demoImage }], ...more },
});
const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { text: 'x'.repeat(10_000) },
});

/** Leaves `leftBytes` of the file system at `folder`. */
async function fill(folder: string, leftBytes: number): Promise<() => Promise<void>> {
  const path = join(folder, 'filling');
  await writeFile(path, '');
  // Somebody may write between the look and the deed: then there is a little less.
  await eventually(async () => {
    await truncate(path, 0);
    const { bavail, bsize } = await statfs(folder);
    await exec('fallocate', ['--length', String(bavail * bsize - leftBytes), path]);
  });
  return () => rm(path);
}

t.test('full disks', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-full-'));
  const cluster = await BoardCluster.create();
  const { master } = cluster;
  const mounted: string[] = [];
  const small = async (folder: string, sizeMiB: number) => {
    await mkdir(folder, { recursive: true });
    await exec('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', folder]);
    mounted.push(folder);
  };
  t.teardown(async () => {
    for (const folder of mounted) await rm(join(folder, 'filling'), { force: true });
    for (const folder of mounted) await exec('umount', ['--lazy', folder]);
    await cluster.destroyAfter(t);
    await rm(master.dataDir, { recursive: true, force: true });
    await rm(work, { recursive: true, force: true });
  });
  const archive = await demoArchive(work);
  await small(master.dataDir, 96);
  const board = labFolder(cluster.lab, 'alpha');
  await small(board, 160);
  await cluster.start(['alpha'], [archive]);
  const apply = (object: object) => master.edgectlWithInput(JSON.stringify(object), 'apply', '-f', '-');
  const container = async () => (await master.json<Pod>('get', 'pod', 'old')).status?.containerStatuses?.[0];

  await apply(pod('old', CRITICAL));
  await readyPods(master, 'app=old', 1);
  const before = await container();

  await t.test('a master with a full disk says so to who writes, and serves who reads', async (t) => {
    t.equal((await apply(configMap('before'))).code, 0);
    const makeRoom = await fill(master.dataDir, 1 << 20);
    for (let i = 0; i < 3; i++) {
      const { code, stderr } = await apply(configMap(`refused-${i}`));
      t.not(code, 0);
      t.match(stderr, /the disk of the cluster's store is full .* until some space is freed there/);
    }
    t.match(await master.must('get', 'configmap', 'before'), 'before');
    t.equal(master.program?.ended, false);
    await makeRoom();
    t.equal((await apply(configMap('after'))).code, 0, 'at once when there is room');
    await master.program?.end('SIGKILL');
    await cluster.startMaster();
    const names = await master.must('get', 'configmaps', '-o', 'name');
    t.match(names, /configmap\/after/);
    t.match(names, /configmap\/before/);
    t.notMatch(names, /refused/);
  });

  await t.test('a board with a full disk says so, runs what runs, and recovers', async (t) => {
    const makeRoom = await fill(board, 0);
    const condition = async () =>
      (await master.json<Node>('get', 'node', 'alpha')).status?.conditions?.find(
        (c) => c.type === 'DiskPressure',
      );
    await eventually(async () => (await condition())?.status === 'True', 40_000, 500);
    t.match(await condition(), { reason: 'KubeletHasDiskPressure' });
    await apply(pod('plain', { nodeName: 'alpha' }));
    const plain = async () => (await master.json<Pod>('get', 'pod', 'plain')).status;
    await eventually(async () => (await plain())?.phase === 'Failed', 20_000, 300);
    t.match(await plain(), { reason: 'Evicted', message: /DiskPressure/ });
    await apply(pod('critical', CRITICAL));
    await eventually(
      async () => {
        const found = await master.json<Pod>('get', 'pod', 'critical');
        const words = JSON.stringify(found.status) + (await master.must('get', 'events'));
        if (!/no space left on device/i.test(words)) throw new Error(words);
      },
      20_000,
      300,
    );
    t.same(await container(), before, 'the pod of before runs on, untouched');
    await makeRoom();
    await readyPods(master, 'app=critical', 1);
    t.same(await container(), before);
  });

  await t.test(
    'a pod that fills its emptyDir beyond its limit is evicted in upstream\u2019s words',
    async (t) => {
      const [c] = pod('greedy').spec.containers;
      const command = [
        'sh',
        '-c',
        'while :; do echo 0123456789012345678901234567890123456789; done > /cache/x',
      ];
      const volumes = [{ name: 'cache', emptyDir: { sizeLimit: '1Mi' } }];
      const containers = [{ ...c, command, volumeMounts: [{ name: 'cache', mountPath: '/cache' }] }];
      await apply(pod('greedy', { ...CRITICAL, volumes, containers }));
      const greedy = async () => (await master.json<Pod>('get', 'pod', 'greedy')).status;
      await eventually(async () => (await greedy())?.phase === 'Failed', 60_000, 500);
      t.match(await greedy(), {
        reason: 'Evicted',
        message: 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ',
      });
      t.match(await master.must('get', 'events'), /Warning +Evicted +pod\/greedy/);
      t.same(await container(), before);
    },
  );
});
