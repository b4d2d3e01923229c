// A board whose clock jumps by years, on real podman, with libfaketime before its agent alone: one that boots in 1970 joins
// once time is there and says what it waits for; afterwards no jump restarts what is well or keeps what fails from being
// started again.
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Pod } from '../../src/api/objects.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { withDependencies } from '../support/debian-packages.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

/** In days. Back is where a board that trusts its clock waits for years. */
const jumps = process.env.EDGE_TEST_LONG === '1' ? [3_650, -3_650] : [-3_650];

const pod = (name: string, command?: string[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 1,
    activeDeadlineSeconds: 3_600,
    containers: [
      {
        name: 'c',
        image: demoImage,
        ...(command
          ? { command }
          : { livenessProbe: { exec: { command: ['sh', '-c', ':'] }, periodSeconds: 2 } }),
      },
    ],
  },
});

async function library(): Promise<string> {
  const { root, missing } = await withDependencies('libfaketime');
  if (root === undefined) throw new Error(missing);
  const found = (await readdir(root, { recursive: true })).find((name) =>
    name.endsWith('/libfaketimeMT.so.1'),
  );
  if (!found) throw new Error(`no libfaketimeMT in ${root}`);
  return join(root, found);
}

t.test('a clock that jumps', async (t) => {
  const { cluster, work } = await BoardCluster.forTest(t, 'clock');
  const clock = join(work, 'clock');
  const { master } = cluster;
  /** How far the agent's clock is off, in days. */
  const setClock = (days: number) => writeFile(clock, `${days < 0 ? '' : '+'}${days}d\n`);
  await setClock(-20_500);
  cluster.agentEnv = {
    LD_PRELOAD: await library(),
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_CACHE_DURATION: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
  const archive = await demoArchive(work);
  await cluster.start([]);
  const board = await cluster.lab.addBoard('alpha');
  await board.run('podman', 'load', '--quiet', '--input', archive);
  const container = async (name: string) =>
    (await master.json<Pod>('get', 'pod', name)).status?.containerStatuses?.[0];

  await t.test('a board that boots in 1970 waits for the time, says so, and joins then', async () => {
    const { program } = await cluster.startAgent(board, (await master.must('token', 'create')).trim());
    await program.waitFor('clock', 15_000);
    await setClock(0);
    await program.waitFor('The agent is ready', 45_000);
  });

  await t.test('jumps of ten years restart nothing that is well, and what fails runs again', async (t) => {
    await master.apply(pod('steady'));
    await readyPods(master, 'app=steady', 1);
    const before = await container('steady');
    for (const days of jumps) {
      await setClock(days);
      const name = days > 0 ? 'ahead' : 'behind';
      await master.apply(pod(name, ['sh', '-c', 'exit 1']));
      await eventually(async () => ((await container(name))?.restartCount ?? 0) >= 2, 40_000, 500);
      t.same(await container('steady'), before);
      t.match(await master.must('get', 'nodes'), /alpha +Ready/);
    }
    await setClock(0);
    await master.apply(pod('after'));
    await readyPods(master, 'app=after', 1);
    t.same(await container('steady'), before);
  });

  await t.test(
    'an agent that starts at a wrong time says what to do, and is back once it is right',
    async (t) => {
      const before = await container('steady');
      await cluster.agent('alpha').program.end('SIGKILL');
      await setClock(-20_500);
      const { program } = await cluster.startAgent(board);
      await program.waitFor("the master's certificate is not valid at 19", 20_000);
      t.match(program.output, /set the clock if that is wrong/);
      await setClock(0);
      await eventually(async () => / Ready /.test(await master.must('get', 'nodes')), 20_000, 300);
      await master.apply(pod('later'));
      await readyPods(master, 'app=later', 1);
      t.same(await container('steady'), before);
    },
  );
});
