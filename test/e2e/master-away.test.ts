// The master is killed in the middle of things and away while containers crash, probes fail, Jobs finish, a pod ends and
// clients use a NodePort, on real podman; when it is back there are exactly the desired pods, those that were well were left
// alone, each finished pod counts once, and statuses and events tell what was. EDGE_TEST_LONG=1 stays away for minutes,
// round after round, while the agent is killed at random moments; EDGE_TEST_ROUNDS=n and EDGE_TEST_SEED=n as in faults.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { events as eventKind } from '../../src/api/kinds/event.ts';
import { jobs as jobKind } from '../../src/api/kinds/job.ts';
import type { core, Event, Job } from '../../src/api/objects.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { adminClient } from '../bench/admin-client.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { refuseLeftovers } from '../support/faults/board-leftovers.ts';
import { Moments } from '../support/faults/moments.ts';
import { kill } from '../support/lab.ts';
import { isReady, livesOf, podsFrom } from '../support/pods.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { BoardCluster } from '../support/two-boards.ts';

const isLong = process.env.EDGE_TEST_LONG === '1';
const rounds = Number(process.env.EDGE_TEST_ROUNDS ?? (isLong ? 10 : 1));
const seed = Number(process.env.EDGE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const AWAY_MS = isLong ? 150_000 : 5_000;
const NODE_PORT = 30085;

/** Nothing happens before this file is there, which is after the master has gone. */
const GO = '/items/go';
const WAIT = `while [ ! -e ${GO} ]; do sleep 0.2; done`;
const STAY = 'while :; do sleep 0.2; done';
const well = {
  exec: { command: ['sh', '-c', `[ ! -e ${GO} ]`] },
  periodSeconds: 1,
  failureThreshold: 1,
};

const meta = (name: string) => ({ name, labels: { app: name } });
function spec(work: string, run: string, container: object = {}, more: object = {}): object {
  const command = ['sh', '-c', `trap "exit 0" TERM; ${run}`];
  const volumeMounts = [{ name: 'work', mountPath: '/items' }];
  return {
    terminationGracePeriodSeconds: 1,
    volumes: [{ name: 'work', hostPath: { path: work, type: 'Directory' } }],
    containers: [{ name: 'c', image: demoImage, command, volumeMounts, ...container }],
    ...more,
  };
}
const pod = (name: string, podSpec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: meta(name),
  spec: podSpec,
});
const job = (name: string, jobSpec: object, podSpec: object) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: meta(name),
  spec: { ...jobSpec, template: { metadata: { labels: { app: name } }, spec: podSpec } },
});
const config = (text: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { text },
});

/** What the round begins with: all of it up, or about to do something. */
function manifests(work: string): object[] {
  const once = { restartPolicy: 'Never' };
  const mounted = { name: 'settings', configMap: { name: 'settings' } };
  const web = `httpd -f -p 8080 -h /settings & ${STAY}`;
  const mount = { volumeMounts: [{ name: 'settings', mountPath: '/settings' }], livenessProbe: live };
  return [
    config('old'),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta('steady'),
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'steady' } },
        template: {
          metadata: { labels: { app: 'steady' } },
          spec: spec(work, web, mount, { volumes: [mounted] }),
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'steady' },
      spec: {
        type: 'NodePort',
        selector: { app: 'steady' },
        ports: [{ port: 80, targetPort: 8080, nodePort: NODE_PORT }],
      },
    },
    pod('crashing', spec(work, `${WAIT}; exit 3`)),
    pod('unhealthy', spec(work, STAY, { livenessProbe: well })),
    pod('unready', spec(work, STAY, { readinessProbe: well })),
    pod('leaving', spec(work, `trap "" TERM; ${STAY}`, {}, { terminationGracePeriodSeconds: 3 })),
    job('items', { completions: 2, parallelism: 1 }, spec(work, `${WAIT}; echo x >> /items/items`, {}, once)),
    job('failing', { backoffLimit: 0 }, spec(work, `${WAIT}; exit 4`, {}, once)),
  ];
}
const live = { httpGet: { path: '/text', port: 8080 }, periodSeconds: 1, failureThreshold: 5 };
const APPS = ['crashing', 'unhealthy', 'unready', 'leaving', 'items', 'failing'];

/** GETs the NodePort ten times a second until it is stopped; what went wrong is in `failures`. */
class Visitor {
  readonly #url: string;
  readonly failures: string[] = [];
  readonly pages = new Set<string>();
  #isStopped = false;
  #visiting: Promise<void> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  start(): void {
    this.#visiting = this.#visit();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#visiting;
  }

  async #visit(): Promise<void> {
    while (!this.#isStopped) {
      const signal = AbortSignal.timeout(3_000);
      const headers = { connection: 'close' };
      await fetch(this.#url, { signal, headers }).then(
        async (response) => void this.pages.add(await response.text()),
        (error: Error) => void this.failures.push(`${error.message}: ${error.cause}`),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

t.test('the master away', async (t) => {
  t.comment(`EDGE_TEST_SEED=${seed} EDGE_TEST_ROUNDS=${rounds} repeats this`);
  const random = seededRandom(seed);
  const { cluster, work } = await BoardCluster.forTest(t, 'away');
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
  const one = async (app: string): Promise<core.ContainerStatus | undefined> =>
    (await pods(app))[0]?.status?.containerStatuses?.[0];
  const finished = async (name: string) => (await client.get<Job>(jobKind, `default/${name}`)).status;
  const eventsOf = async (name: string) =>
    (await client.list<Event>(eventKind, { namespace: 'default' })).items.filter(
      ({ involvedObject }) => involvedObject.name === name,
    );
  /** Containers of pods whose names begin so, ended ones too, by podman's own word. */
  const made = async (prefix: string) => {
    const labels = ['--filter', 'label=edge-cluster/container', '--filter', `name=^${prefix}`];
    return (await board.run('podman', 'ps', '--all', '--quiet', ...labels)).stdout
      .split('\n')
      .filter(Boolean);
  };

  for (let round = 0; round < rounds; round++) {
    await t.test(`round ${round}`, async (t) => {
      const folder = join(board.dir, `work-${round}`);
      await mkdir(folder);
      const items = () => readFile(join(folder, 'items'), 'utf8').catch(() => '');
      await master.apply(...manifests(folder));
      const apps = [...APPS, 'steady'];
      await eventually(async () => {
        const running = (await Promise.all(apps.map(pods))).flat();
        const bad = running.filter((p) => !isReady(p));
        if (running.length !== apps.length + 1 || bad.length > 0)
          throw new Error(JSON.stringify(bad.map(({ status }) => status)));
      }, 40_000);
      const steady = async () => livesOf(await pods('steady'));
      const before = await steady();

      await master.apply(config('new'));
      await master.must('delete', 'pod', 'leaving', '--wait=false');
      await master.program?.end('SIGKILL');
      const awayAt = Date.now();
      const visitor = new Visitor(`http://${board.address}:${NODE_PORT}/text`);
      visitor.start();
      t.teardown(() => visitor.stop());
      await writeFile(join(folder, 'go'), '');
      await eventually(async () => (await items()) === 'x\n', 20_000);
      await eventually(async () => (await made('crashing')).length > 1, 30_000, 300);
      while (Date.now() < awayAt + AWAY_MS) {
        await new Promise((resolve) => setTimeout(resolve, isLong ? 500 + random() * 20_000 : 200));
        if (!isLong) continue;
        kill(cluster.agentPid('alpha'));
        await cluster.startAgent(board);
      }
      const backAt = Date.now();
      await cluster.startMaster();

      await eventually(async () => {
        const state = [await finished('items'), await finished('failing')];
        if (state[0]?.succeeded !== 2 || state[1]?.failed !== 1) throw new Error(JSON.stringify(state));
      }, 40_000);
      t.comment(`Jobs counted ${Date.now() - backAt} ms after the master's start`);
      t.equal(await items(), 'x\nx\n', 'each item was done once');
      t.match(await finished('items'), {
        succeeded: 2,
        conditions: [{}, { type: 'Complete', status: 'True' }],
      });
      t.match((await finished('items'))?.failed, undefined);
      t.match((await finished('failing'))?.conditions?.at(-1), {
        type: 'Failed',
        reason: 'BackoffLimitExceeded',
      });
      t.same(
        (await pods('items')).map(({ status }) => status?.phase),
        ['Succeeded', 'Succeeded'],
      );
      t.same(
        (await pods('failing')).map(({ status }) => status?.phase),
        ['Failed'],
      );

      t.ok(((await one('crashing'))?.restartCount ?? 0) >= 1);
      t.match((await one('crashing'))?.lastState, { terminated: { exitCode: 3, reason: 'Error' } });
      t.ok(((await one('unhealthy'))?.restartCount ?? 0) >= 1);
      t.equal((await one('unready'))?.restartCount, 0);
      t.equal((await one('unready'))?.ready, false);
      t.same(await pods('leaving'), []);
      t.same(await steady(), before, 'who was well was left alone');

      await visitor.stop();
      // An agent that is killed takes its sockets along, and what it had not told.
      if (!isLong) {
        t.same(visitor.failures, []);
        const told = await eventsOf('unhealthy');
        const failed = told.filter(({ reason }) => reason === 'Unhealthy');
        t.match(failed[0]?.message, /^Liveness probe failed/);
        t.ok(told.some(({ reason }) => reason === 'Killing'));
        const [unready] = (await eventsOf('unready')).filter(({ reason }) => reason === 'Unhealthy');
        t.ok(Date.parse(unready?.firstTimestamp ?? '') < backAt, 'told with the time when it happened');
      }
      t.ok(visitor.pages.has('new'), 'what was changed last reached the pods');

      const all = (await Promise.all(apps.map(pods))).flat();
      // Some of podman's programs are always at work: probes by a command, once a second.
      await eventually(() => refuseLeftovers(board, all, moments.seenIds, 'helpers'), 20_000, 300);
      if (round === rounds - 1) return;
      await master.must('delete', 'jobs,pods,deployments,services,configmaps', '--all');
      await eventually(async () => (await Promise.all(apps.map(pods))).flat().length === 0, 30_000, 200);
    });
    if (!t.passing()) break;
  }
});
