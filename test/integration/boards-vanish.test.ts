// Boards at real speed against the whole master: a rolling update never has fewer ready pods than it may, and however
// boards vanish and return, in the end exactly what is wanted runs.
import t from 'tap';
import { daemonSets } from '../../src/api/kinds/daemon-set.ts';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { endpoints } from '../../src/api/kinds/endpoints.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { services } from '../../src/api/kinds/service.ts';
import { statefulSets } from '../../src/api/kinds/stateful-set.ts';
import type { DaemonSet, Deployment, Endpoints, StatefulSet } from '../../src/api/objects.ts';
import { isReady } from '../../src/controllers/pod-state.ts';
import { eventually } from '../support/eventually.ts';
import { LiveCluster } from '../support/live-cluster.ts';

const IS_LONG = process.env.EDGE_TEST_LONG === '1';
const VANISH_MS = IS_LONG ? 180_000 : 5_000;
const BOARDS = Array.from({ length: 10 }, (_, i) => `board-${i}`);

const template = (app: string, version: number) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: `e.com/web:${version}` }] },
});

async function deploy({ client }: LiveCluster, replicas: number): Promise<void> {
  await client.create<Deployment>(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 2 } },
      template: template('web', 1),
    },
  });
  await client.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  } as never);
}

const isAvailable = async ({ client }: LiveCluster, count: number) => {
  const { status, metadata } = await client.get(deployments, 'default/web');
  return (
    status?.observedGeneration === metadata.generation &&
    status?.updatedReplicas === count &&
    status?.availableReplicas === count
  );
};

t.test(
  'a rolling update of 10 never has fewer than 8 ready pods nor more than 12, at any watch event',
  async (t) => {
    const live = await LiveCluster.start({ boards: ['a', 'b', 'c'], startMs: 150, endMs: 100 });
    t.teardown(() => live.stop());
    await deploy(live, 10);
    await eventually(() => isAvailable(live, 10), 15_000);
    const counts: { ready: number; all: number }[] = [];
    const look = () => {
      const all = live.informers
        .for(pods)
        .lister.list()
        .filter(({ metadata }) => !metadata.deletionTimestamp);
      counts.push({ ready: all.filter(isReady).length, all: all.length });
    };
    const unsubscribe = live.informers.for(pods).subscribe({ onAdd: look, onUpdate: look, onDelete: look });
    counts.length = 0;
    const listed: number[] = [];
    const lookAtEndpoints = ({ subsets }: Endpoints) =>
      void listed.push((subsets ?? []).flatMap(({ addresses = [] }) => addresses).length);
    const leave = live.informers.for(endpoints).subscribe({ onUpdate: lookAtEndpoints });
    t.teardown(leave);
    const body = { spec: { template: template('web', 2) } };
    await live.client.patch(deployments, 'default/web', { type: 'merge', body });
    await eventually(() => isAvailable(live, 10), 30_000);
    unsubscribe();
    leave();
    const fewest = Math.min(...counts.map(({ ready }) => ready));
    const most = Math.max(...counts.map(({ all }) => all));
    t.comment(
      `${counts.length} pod events, ${listed.length} endpoints events: ${fewest} ready at the fewest, ${most} at the most`,
    );
    t.ok(counts.length > 30);
    t.ok(fewest >= 8);
    t.ok(most <= 12);
    t.ok(listed.length > 3);
    // Endpoints follow pods by one write: while that is under way an address fewer may be listed, never none.
    t.ok(Math.min(...listed) >= 6, `endpoints: ${listed}`);
  },
);

t.test('boards vanish and return in random order: in the end exactly what is wanted runs', async (t) => {
  const live = await LiveCluster.start({ boards: BOARDS, tolerationSeconds: 1 });
  t.teardown(() => live.stop());
  await deploy(live, 20);
  await live.client.create<StatefulSet>(statefulSets, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      serviceName: 'db',
      replicas: 4,
      selector: { matchLabels: { app: 'db' } },
      template: template('db', 1),
    },
  });
  await live.client.create<DaemonSet>(daemonSets, {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'log', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'log' } }, template: template('log', 1) },
  });
  await eventually(() => isAvailable(live, 20), 20_000);
  const names = new Map<string, string>();
  const unsubscribe = live.informers.for(pods).subscribe({
    onAdd: ({ metadata }) => void names.set(metadata.uid, metadata.name),
  });
  t.teardown(unsubscribe);
  const twice = new Set<string>();
  const lookForTwins = () => {
    const running = [...live.running.values()].flatMap((uids) =>
      [...uids].map((uid) => names.get(uid) ?? uid),
    );
    for (const [i, name] of running.entries()) if (running.indexOf(name) !== i) twice.add(name);
  };
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const flaky = BOARDS.slice(0, 3);
  const lost = new Set<string>();
  let losses = 0;
  const endMs = performance.now() + VANISH_MS;
  while (performance.now() < endMs) {
    const board = flaky[random(3)] ?? '';
    if (lost.delete(board)) await live.restore(board);
    else {
      lost.add(board);
      losses++;
      await live.lose(board);
    }
    const pauseEndMs = performance.now() + 200 + random(1800);
    await eventually(
      () => {
        lookForTwins();
        return performance.now() >= pauseEndMs;
      },
      5_000,
      20,
    );
  }
  for (const board of lost) await live.restore(board);
  await eventually(
    async () => {
      lookForTwins();
      if (!(await isAvailable(live, 20))) return false;
      const { items } = await live.client.list(pods);
      const wanted = items.map(({ metadata }) => metadata.uid).sort();
      const daemons = items.filter(({ metadata }) => metadata.labels?.app === 'log');
      if (new Set(daemons.map(({ spec }) => spec.nodeName)).size !== BOARDS.length) return false;
      const running = [...live.running.values()].flatMap((uids) => [...uids]).sort();
      return wanted.length === 24 + BOARDS.length && wanted.join() === running.join();
    },
    30_000,
    50,
  );
  t.comment(`${losses} losses`);
  t.ok(losses >= 2);
  t.same([...twice], [], 'no StatefulSet pod ran twice');
});
