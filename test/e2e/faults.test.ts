// Faults in a loop with random timing, on real podman: what a kill -9 leaves is made good, exactly the desired pods
// run, nothing leaks, and pods that were well are left alone. A few rounds; EDGE_TEST_LONG=1 makes hundreds.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { eventually } from '../support/eventually.ts';
import { readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

const exec = promisify(execFile);
const rounds = process.env.EDGE_TEST_LONG === '1' ? 200 : 4;
/** A create, a start and a delete lie within it. */
const WINDOW_MS = 900;
const VICTIMS = ['agent', 'conmon', 'pause', 'podman'] as const;

const deployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: demoImage }] },
    },
  },
});

t.test('faults', async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-faults-'));
  const cluster = await BoardCluster.create();
  const { master } = cluster;
  t.teardown(async () => {
    if (!t.passing()) t.comment(cluster.agents.get('alpha')?.program.output.slice(-4000));
    await cluster.destroy();
    await rm(work, { recursive: true, force: true });
  });
  await ensureDemoImage(work);
  const archive = join(work, 'demo.tar');
  await exec('podman', ['save', '--format', 'docker-archive', '-o', archive, demoImage]);
  await cluster.start(['alpha'], [archive]);
  const { board } = cluster.agent('alpha');
  const list = async (command: string) =>
    (await board.run('sh', '-c', command)).stdout.split('\n').filter(Boolean).sort();
  const apply = (name: string, replicas: number) =>
    master.edgectlWithInput(JSON.stringify(deployment(name, replicas)), 'apply', '-f', '-');
  const containersOf = (name: string) =>
    list(`podman ps --no-trunc --format '{{.ID}} {{.Names}}' | grep ' ${name}-' || true`);

  /** Of the pods that change: the one that stays well is never hit. */
  const strike = async (victim: (typeof VICTIMS)[number]) => {
    if (victim === 'agent') {
      process.kill(cluster.agentPid('alpha'), 'SIGKILL');
      await cluster.startAgent(board);
    } else if (victim === 'podman') {
      await list(
        "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q 'system servic[e]' && [ $(readlink $p/ns/net) = $(readlink /proc/self/ns/net) ] && kill -9 $(basename $p); done; true",
      );
    } else {
      const field = victim === 'conmon' ? '.ConmonPid' : '.State.Pid';
      const name = victim === 'conmon' ? 'edge-cluster/container' : 'edge-cluster/pod-uid';
      await list(
        `for c in $(podman ps -q --filter name=moving- --filter label=${name} | head -1); do kill -9 $(podman inspect -f '{{${field}}}' $c); done; true`,
      );
    }
  };

  await apply('steady', 1);
  await readyPods(master, 'app=steady', 1);
  const steady = await containersOf('steady');
  t.equal(steady.length, 2);

  for (let round = 0; round < rounds; round++) {
    const victim = VICTIMS[round % VICTIMS.length] ?? 'agent';
    const atMs = Math.round(Math.random() * WINDOW_MS);
    const replicas = 1 + (round % 3);
    await t.test(`${victim} killed ${atMs} ms into a change to ${replicas} pods`, async (t) => {
      await apply('moving', replicas);
      await new Promise((resolve) => setTimeout(resolve, atMs));
      await strike(victim);
      await readyPods(master, 'app=moving', replicas, 60_000);
      await eventually(async () => (await containersOf('moving')).length === 2 * replicas, 30_000, 200);
      t.same(await containersOf('steady'), steady, 'who was well was left alone');
    });
  }

  await t.test('nothing is left when all is deleted', async () => {
    for (const name of ['steady', 'moving']) await master.must('delete', 'deployment', name);
    const left = async () => ({
      containers: await list('podman ps --all --external --quiet'),
      processes: await list(
        'for p in $(pgrep -x conmon); do [ $(readlink /proc/$p/ns/mnt) = $(readlink /proc/self/ns/mnt) ] && echo $p; done; true',
      ),
      links: await list("ip -o link show type veth | grep 'master edge0' || true"),
      mounts: await list(
        "grep -c ' /var/lib/containers/storage/overlay/' /proc/self/mountinfo | grep -v '^0$' || true",
      ),
      folders: await list(
        `ls ${board.dir}/agent/volumes ${board.dir}/agent/records 2>/dev/null | grep -v ':$' || true`,
      ),
    });
    await eventually(
      async () => {
        const found = await left();
        if (Object.values(found).some((items) => items.length > 0)) throw new Error(JSON.stringify(found));
      },
      60_000,
      500,
    );
  });
});
