import t from 'tap';
import type { Pod } from '../../src/api/objects.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { adminClient } from '../bench/admin-client.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { refuseLeftovers } from '../support/faults/board-leftovers.ts';
import { type Fault, faultPlan } from '../support/faults/fault-plan.ts';
import { Moments } from '../support/faults/moments.ts';
import { strike } from '../support/faults/strike.ts';
import { isReady, livesOf, podsFrom } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

const rounds = Number(process.env.EDGE_TEST_ROUNDS ?? (process.env.EDGE_TEST_LONG === '1' ? 200 : 3));
const seed = Number(process.env.EDGE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Less than the minute after which podman's silence alone would tell. */
const SETTLED_WITHIN_MS = 55_000;

/** The pods that change: with all that a pod can leave behind. */
const moving = {
  terminationGracePeriodSeconds: 1,
  volumes: [
    { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    { name: 'disk', emptyDir: {} },
    { name: 'login', secret: { secretName: 'login' } },
  ],
  initContainers: [{ name: 'first', image: demoImage, command: ['sh', '-c', ':'] }],
  containers: [
    {
      name: 'c',
      image: demoImage,
      volumeMounts: [
        { name: 'memory', mountPath: '/memory' },
        { name: 'disk', mountPath: '/disk' },
        { name: 'login', mountPath: '/login' },
      ],
    },
  ],
};

const steady = {
  terminationGracePeriodSeconds: 1,
  containers: [
    {
      name: 'c',
      image: demoImage,
      livenessProbe: { exec: { command: ['sh', '-c', ':'] }, periodSeconds: 2 },
    },
    {
      name: 'second',
      image: demoImage,
      command: ['sh', '-c', 'trap "exit 0" TERM; httpd -f -p 9090 & wait'],
    },
  ],
};

const deployment = (name: string, replicas: number, spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec },
  },
});

const brief = (status: Pod['status']) => [
  status?.phase,
  ...[...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
    ({ state }) => state,
  ),
];

t.test('faults', async (t) => {
  t.comment(`EDGE_TEST_SEED=${seed} EDGE_TEST_ROUNDS=${rounds} repeats this`);
  const { cluster, work } = await BoardCluster.forTest(t, 'faults');
  const moments = new Moments();
  const { master } = cluster;
  t.teardown(() => {
    moments.stop();
  });
  const archive = await demoArchive(work);
  await cluster.start(['alpha'], [archive]);
  const { board } = cluster.agent('alpha');
  moments.start(board);
  const client = await adminClient(master);
  t.teardown(() => client.close());
  const pods = (app: string) => podsFrom(client, `app=${app}`);

  /** Exactly the wanted pods, all well, and nothing else on the board. */
  const settled = (replicas: number) =>
    eventually(
      async () => {
        const all = [...(await pods('moving')), ...(await pods('steady'))];
        const bad = all.filter((pod) => !isReady(pod));
        const states = bad.map(({ metadata, status }) => [
          metadata.name,
          metadata.deletionTimestamp,
          brief(status),
        ]);
        if (bad.length > 0 || all.length !== replicas + 2) {
          throw new Error(`${all.length} of ${replicas + 2} pods, not well: ${JSON.stringify(states)}`);
        }
        await refuseLeftovers(board, all, moments.seenIds);
      },
      SETTLED_WITHIN_MS,
      100,
    );
  const wellOnes = async () => livesOf(await pods('steady'));
  const change = async ({ replicas, replaces }: Fault) => {
    if (replaces) await master.must('delete', 'pods', '-l', 'app=moving', '--wait=false');
    await master.apply(deployment('moving', replicas, moving));
  };

  await master.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login' },
    stringData: { password: 'x' },
  });
  await master.apply(deployment('steady', 2, steady));
  await settled(0);
  const well = await wellOnes();
  t.equal(well.length, 4);

  for (const [index, fault] of faultPlan(seed, rounds).entries()) {
    const { victim, moment, delayMs, replicas } = fault;
    await t.test(
      `${index}: ${victim} killed ${delayMs} ms into ${moment}, on the way to ${replicas} pods`,
      async (t) => {
        const due = moments.next(moment, 10_000);
        const changing = change(fault);
        if (!(await due)) t.comment('the moment did not come');
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        const killed = await strike(cluster, board, victim, 'moving-');
        if (killed.length === 0) t.comment('there was nothing of it to kill');
        await changing;
        const struckAt = Date.now();
        await settled(replicas);
        t.comment(`${killed.length} killed, settled after ${Date.now() - struckAt} ms`);
        t.same(await wellOnes(), well, 'who was well was left alone');
      },
    );
    if (!t.passing()) break;
  }

  await t.test('nothing is left when all is deleted', async () => {
    for (const name of ['steady', 'moving']) await master.must('delete', 'deployment', name);
    await eventually(() => refuseLeftovers(board, [], moments.seenIds), 60_000, 500);
  });
});
