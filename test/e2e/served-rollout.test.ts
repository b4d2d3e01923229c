// A Deployment served by two boards is rolled over, and one of the boards drained, under 200 kept connections and 200 new
// ones a second through the NodePorts of both: not one visitor notices.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { hostPrograms, NODE_IN_POD, supportFile } from '../support/host-programs.ts';
import { body } from '../support/kept-server.ts';
import { isReady, podsOf, readyPods } from '../support/pods.ts';
import { RequestStream, type StreamCount } from '../support/request-stream.ts';
import { BoardCluster } from '../support/two-boards.ts';

const NODE_PORT = 30081;
const REPLICAS = 4;

/** Every client of the 200 asks each second, beside 200 that come anew. */
const VISITORS = { kept: 200, pauseMs: 1000, shortPerSecond: 200 };
const DRAIN_MS = 2000;
const programs = hostPrograms();

const manifest = (version: string) => [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'site' },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: { app: 'site' } },
      template: {
        metadata: { labels: { app: 'site' } },
        spec: {
          terminationGracePeriodSeconds: 20,
          volumes: programs.volumes,
          containers: [
            {
              name: 'web',
              image: demoImage,
              command: [NODE_IN_POD, supportFile('kept-server.ts'), '8080', String(DRAIN_MS)],
              env: [{ name: 'VERSION', value: version }],
              ports: [{ containerPort: 8080 }],
              readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
              volumeMounts: programs.volumeMounts,
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'site' },
    spec: {
      type: 'NodePort',
      selector: { app: 'site' },
      ports: [{ port: 80, targetPort: 8080, nodePort: NODE_PORT }],
    },
  },
];

t.test('a served rollout', async (t) => {
  const { cluster, work } = await BoardCluster.forTest(t, 'rollout');
  const { master } = cluster;
  const archive = await demoArchive(work);
  await cluster.start(['alpha', 'beta'], [archive]);
  const sha256 = createHash('sha256').update(body()).digest('hex');
  const urls = [...cluster.agents.values()].map(({ board }) => `http://${board.address}:${NODE_PORT}/`);
  const visit = () => {
    const stream = new RequestStream(urls, sha256, VISITORS);
    stream.start();
    return stream;
  };
  const nobodyNoticed = (t: Test, { kept, short, opened, seconds, failures }: StreamCount) => {
    t.comment(
      `${seconds.toFixed(1)} s: ${kept} requests on ${opened} kept connections, ${short} on their own`,
    );
    t.same(failures.slice(0, 20), [], `${failures.length} failures`);
    // They come however slowly the others are answered.
    t.ok(short > 150 * seconds, `${Math.round(short / seconds)} new connections/s`);
    t.ok(kept > 2 * VISITORS.kept, 'each kept connection was used again');
  };
  const apply = async (version: string) => {
    const file = join(work, 'site.json');
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifest(version) }));
    await master.must('apply', '-f', file);
  };
  const rolledOut = () => master.must('rollout', 'status', 'deployment/site', '--timeout=60s');

  await apply('1');
  await readyPods(master, 'app=site', REPLICAS);
  for (const { board } of cluster.agents.values()) {
    await eventually(() => cluster.get(`http://${board.address}:${NODE_PORT}/`), 20_000, 200);
  }

  await t.test('loses no request while every pod is replaced', async (t) => {
    const before = (await podsOf(master, 'app=site')).map(({ metadata }) => metadata.uid);
    const visitors = visit();
    await apply('2');
    await rolledOut();
    await eventually(
      async () => {
        const now = await podsOf(master, 'app=site');
        return now.length === REPLICAS && !now.some(({ metadata }) => before.includes(metadata.uid));
      },
      30_000,
      200,
    );
    nobodyNoticed(t, await visitors.stop());
  });

  await t.test('loses no request while a board is drained for its upgrade, a budget kept', async (t) => {
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'site' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'site' } } },
    };
    await master.apply(budget);
    const visitors = visit();
    let fewest = REPLICAS;
    const watching = setInterval(async () => {
      const ready = (await podsOf(master, 'app=site')).filter(isReady);
      fewest = Math.min(fewest, ready.length);
    }, 500);
    t.teardown(() => clearInterval(watching));
    t.match(await master.must('drain', 'alpha', '--timeout=90s'), /node\/alpha drained\n$/);
    clearInterval(watching);
    nobodyNoticed(t, await visitors.stop());
    t.comment(`at least ${fewest} pods were ready`);
    t.ok(fewest >= REPLICAS - 1, `${fewest} were ready`);
    const left = (await podsOf(master, 'app=site')).filter(({ spec }) => spec.nodeName === 'alpha');
    t.same(left, []);
    await master.must('uncordon', 'alpha');
  });
});
