// A board short of memory, then of disk, on real podman beside one that is not: who has to go, in which words, that the
// pod is replaced elsewhere, and that the board recovers. What the kernel tells of memory is a file of the test's, made
// from a budget and from what the pods' processes really hold; the disk is a small one, filled by a pod.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { events as eventKind } from '../../src/api/kinds/event.ts';
import { nodes as nodeKind } from '../../src/api/kinds/node.ts';
import type { core, Event, Node, Pod } from '../../src/api/objects.ts';
import { bytes } from '../../src/api/quantity.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { adminClient } from '../bench/admin-client.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { labFolder } from '../support/lab.ts';
import { MadeUpKernel } from '../support/made-up-kernel.ts';
import { livesOf, podsFrom } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

const exec = promisify(execFile);
const isLong = process.env.EDGE_TEST_LONG === '1';
const MIB = 1024 * 1024;
const DISK_MIB = 96;
const FLAGS = ['--node-status-update-frequency=2s', '--eviction-pressure-transition-period=6s'];
const SHORT = '--eviction-hard=memory.available<100Mi,nodefs.available<16Mi,pid.available<10%';
/** For the board that has enough, whatever the machine has. */
const ENOUGH = '--eviction-hard=memory.available<1Mi';
/** Comes while the shortage of memory is not over, and asks for it: a layer on a tmpfs counts as the container's memory. */
const TOLERANT = { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' }] };

const hold = (sizeMiB: number) => `(head -c ${sizeMiB}m /dev/zero; sleep 3600) | tail -c ${sizeMiB}m & wait`;
/** A log of 3 MB first, then the container's own layer. */
const fill = (bytes: number) =>
  `yes 0123456789012345678901234567890123456789012345678 | head -c 3000000; head -c ${bytes} /dev/zero > /filling; sleep 3600 & wait`;

function spec(run: string, requests: Record<string, string>, more: object): object {
  const command = ['sh', '-c', `trap "exit 0" TERM; ${run}`];
  const env = [
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    // Beside other runs on this machine.
    { name: 'BOARD', value: `$(NODE) of test ${process.pid}` },
  ];
  const containers = [{ name: 'c', image: demoImage, command, env, resources: { requests } }];
  return { terminationGracePeriodSeconds: 1, containers, ...more };
}
const onAlpha = (name: string, run: string, requests: Record<string, string>, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: spec(run, requests, { nodeSelector: { 'kubernetes.io/hostname': 'alpha' }, ...more }),
});
/** Of one pod that would rather be on alpha. */
function preferringAlpha(
  name: string,
  run: string,
  requests: Record<string, string>,
  more: object = {},
): object {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['alpha'] }];
  const preferred = [{ weight: 100, preference: { matchExpressions } }];
  const affinity = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } };
  const template = {
    metadata: { labels: { app: name } },
    spec: spec(run, requests, { affinity, ...more }),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, template },
  };
}

t.test('a board that runs short', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-eviction-'));
  const cluster = await BoardCluster.create();
  const { master, lab } = cluster;
  const kernel = new MadeUpKernel({
    folder: join(work, 'proc'),
    totalMiB: 1024,
    freeMiB: 160,
    maxPids: 10_000,
    freePids: 1_050,
    mark: `BOARD=alpha of test ${process.pid}`,
  });
  const disk = labFolder(lab, 'alpha');
  t.teardown(async () => {
    if (!t.passing()) t.comment(await master.must('get', 'events', '-A').catch(String));
    await kernel.stop();
    await exec('umount', ['--lazy', disk]);
    await cluster.destroyAfter(t);
    await rm(work, { recursive: true, force: true });
  });
  const archive = await demoArchive(work);
  await mkdir(disk, { recursive: true });
  await exec('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]);
  await kernel.start();
  await cluster.start([]);
  const alpha = await lab.addBoard('alpha');
  await kernel.showTo(alpha);
  cluster.agentFlags = [...FLAGS, SHORT];
  await cluster.joinBoard(alpha, [archive]);
  cluster.agentFlags = [...FLAGS, ENOUGH];
  await cluster.addBoard('beta', [archive]);

  const client = await adminClient(master);
  t.teardown(() => client.close());
  const node = () => client.get<Node>(nodeKind, 'alpha');
  const condition = async (type: string) => (await node()).status?.conditions?.find((c) => c.type === type);
  const taints = async () => ((await node()).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
  const pods = (app: string) => podsFrom(client, `app=${app}`);
  const inPhase = (app: string, phase: string): Promise<Pod> =>
    eventually(
      async () => {
        const all = await pods(app);
        const found = all.find(({ status }) => status?.phase === phase);
        if (!found) throw new Error(JSON.stringify(all.map(({ status }) => status)));
        return found;
      },
      30_000,
      100,
    );
  const events = async (name: string) =>
    (await client.list<Event>(eventKind, {})).items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ type, reason, message }) => `${type} ${reason} ${message}`)
      .join('\n');
  const untouched = async () => livesOf([...(await pods('modest')), ...(await pods('important'))]);
  let before: unknown;

  await t.test('of memory: ends the least important of those above their requests', async (t) => {
    const importance = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'important' },
    };
    await master.apply(
      { ...importance, value: 1000 },
      onAlpha('modest', hold(20), { memory: '64Mi' }),
      onAlpha('important', hold(30), {}, { priorityClassName: 'important' }),
    );
    for (const app of ['modest', 'important']) await inPhase(app, 'Running');
    before = await untouched();
    await master.apply(preferringAlpha('greedy', hold(20), { memory: '1Mi' }));
    const { metadata, spec, status } = await inPhase('greedy', 'Failed');
    t.equal(spec.nodeName, 'alpha');
    t.match(status, {
      phase: 'Failed',
      reason: 'Evicted',
      message:
        /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: \d+[KM]i\. Container c was using \d+[KM]i, request is 1Mi, has larger consumption of memory\. $/,
    });
    const disruption = (c: core.PodCondition) => c.type === 'DisruptionTarget';
    t.match(status?.conditions?.find(disruption), { status: 'True', reason: 'TerminationByKubelet' });
    t.match(await condition('MemoryPressure'), { status: 'True', reason: 'KubeletHasInsufficientMemory' });
    t.ok((await taints()).includes('node.kubernetes.io/memory-pressure:NoSchedule'));
    t.match(await events(metadata.name), /Warning Evicted The node was low on resource: memory\./);
    t.match(await events('alpha'), /Warning EvictionThresholdMet Attempting to reclaim memory/);
    t.match(await events('alpha'), /NodeHasInsufficientMemory/);
    t.equal((await inPhase('greedy', 'Running')).spec.nodeName, 'beta');
  });

  await t.test('of disk: ends who filled it, by its log and its own layer', async (t) => {
    const { bavail, bsize } = await statfs(disk);
    await master.apply(
      preferringAlpha('filler', fill(bavail * bsize - 10 * MIB), { memory: '200Mi' }, TOLERANT),
    );
    const { metadata, spec, status } = await inPhase('filler', 'Failed');
    t.equal(spec.nodeName, 'alpha');
    t.match(status, {
      reason: 'Evicted',
      message:
        /^The node was low on resource: ephemeral-storage\. Threshold quantity: 16Mi, available: \d+[KM]i\. Container c was using \d+[KM]i, request is 0, has larger consumption of ephemeral-storage\. $/,
    });
    const [, used = ''] = /using (\d+[KM]i)/.exec(status?.message ?? '') ?? [];
    t.ok(bytes(used) > bavail * bsize - 10 * MIB, 'what it wrote, or more: the log beside the layer');
    t.ok((await taints()).includes('node.kubernetes.io/disk-pressure:NoSchedule'));
    t.match(await events(metadata.name), /Warning Evicted The node was low on resource: ephemeral-storage\./);
    t.equal((await inPhase('filler', 'Running')).spec.nodeName, 'beta');
  });

  await t.test(
    'recovers: the conditions and taints go, pods come again, and the others were left alone',
    async (t) => {
      await eventually(async () => (await taints()).length === 0, 20_000, 100);
      t.match(await condition('MemoryPressure'), { status: 'False', reason: 'KubeletHasSufficientMemory' });
      t.match(await condition('DiskPressure'), { status: 'False', reason: 'KubeletHasNoDiskPressure' });
      t.match(await events('alpha'), /NodeHasSufficientMemory/);
      await master.apply(onAlpha('after', 'sleep 3600 & wait', {}));
      await inPhase('after', 'Running');
      t.same(await untouched(), before);
      t.match(await condition('PIDPressure'), { status: 'False', reason: 'KubeletHasSufficientPID' });
      for (const app of ['greedy', 'filler']) t.equal((await pods(app)).length, 2);
    },
  );

  // Each of them is another 10 s.
  if (isLong) {
    await t.test('of processes: ends who made most of them', async (t) => {
      const forks = 'for i in $(seq 80); do sleep 3600 & done; wait';
      await master.apply(
        preferringAlpha('forking', forks, { memory: '64Mi' }, { tolerations: [{ operator: 'Exists' }] }),
      );
      const { status } = await inPhase('forking', 'Failed');
      t.match(status, {
        reason: 'Evicted',
        message: /^The node was low on resource: pids\. Threshold quantity: 1000, available: 9\d\d\. $/,
      });
      t.match(await condition('PIDPressure'), { status: 'True', reason: 'KubeletHasInsufficientPID' });
      t.ok((await taints()).includes('node.kubernetes.io/pid-pressure:NoSchedule'));
      await eventually(async () => (await taints()).length === 0, 20_000, 100);
      t.match(await condition('PIDPressure'), { status: 'False', reason: 'KubeletHasSufficientPID' });
    });

    await t.test('of a card that can be written: says so until it can be', async (t) => {
      const agentDir = join(alpha.dir, 'agent');
      await alpha.run('mount', '--bind', agentDir, agentDir);
      await alpha.run('mount', '-o', 'remount,bind,ro', agentDir);
      await eventually(async () => (await condition('ReadonlyFilesystem'))?.status === 'True', 15_000, 100);
      t.match(await events('alpha'), /Warning FilesystemIsReadOnly the file system can only be read/);
      await alpha.run('mount', '-o', 'remount,bind,rw', agentDir);
      await eventually(async () => (await condition('ReadonlyFilesystem'))?.status === 'False', 20_000, 100);
    });
  }
});
