// A Deployment served by two boards is rolled over, and one of the boards drained, under a stream of requests through
// the NodePorts of both: not one visitor notices.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { demoImage, ensureDemoImage } from '../../src/bin/demo/demo-image.ts';
import { eventually } from '../support/eventually.ts';
import { isReady, podsOf, readyPods } from '../support/pods.ts';
import { streamRequests } from '../support/request-stream.ts';
import { BoardCluster } from '../support/two-boards.ts';

const exec = promisify(execFile);
const NODE_PORT = 30081;
const REPLICAS = 4;

/** Asked to end it answers for two seconds more, as a server behind a load balancer should, and lets answers finish. */
const server = `
httpd -f -p 8080 -h / &
trap '/bin/busybox sleep 2; kill $!; /bin/busybox sleep 1; exit 0' TERM
wait
`;

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
          terminationGracePeriodSeconds: 10,
          containers: [
            {
              name: 'web',
              image: demoImage,
              command: ['/bin/sh', '-c', server],
              env: [{ name: 'VERSION', value: version }],
              ports: [{ containerPort: 8080 }],
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
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-rollout-'));
  const cluster = await BoardCluster.create();
  const { master } = cluster;
  t.teardown(async () => {
    if (!t.passing()) {
      t.comment(master.program?.output.slice(-4000));
      for (const { program, board } of cluster.agents.values())
        t.comment(board.name, program.output.slice(-4000));
    }
    await cluster.destroy();
    await rm(work, { recursive: true, force: true });
  });
  await ensureDemoImage(work);
  const archive = join(work, 'demo.tar');
  await exec('podman', ['save', '--format', 'docker-archive', '-o', archive, demoImage]);
  await cluster.start(['alpha', 'beta'], [archive]);
  const { stdout: id } = await exec('podman', ['create', demoImage]);
  await exec('podman', ['cp', `${id.trim()}:/bin/busybox`, join(work, 'page')]);
  await exec('podman', ['rm', id.trim()]);
  const page = await readFile(join(work, 'page'));
  const sha256 = createHash('sha256').update(page).digest('hex');
  const urls = [...cluster.agents.values()].map(
    ({ board }) => `http://${board.address}:${NODE_PORT}/bin/busybox`,
  );
  const apply = async (version: string) => {
    const file = join(work, 'site.json');
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifest(version) }));
    await master.must('apply', '-f', file);
  };
  const rolledOut = () => master.must('rollout', 'status', 'deployment/site', '--timeout=60s');

  await apply('1');
  await readyPods(master, 'app=site', REPLICAS);
  for (const { board } of cluster.agents.values()) {
    await eventually(() => cluster.get(`http://${board.address}:${NODE_PORT}/start`), 20_000, 200);
  }

  await t.test('loses no request while every pod is replaced', async (t) => {
    const before = (await podsOf(master, 'app=site')).map(({ metadata }) => metadata.uid);
    const end = streamRequests(urls, sha256);
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
    const { ok, failures } = await end();
    t.comment(`${ok} requests answered`);
    t.ok(ok > 100, `${ok} requests`);
    t.same(failures, []);
  });

  await t.test('loses no request while a board is drained for its upgrade, a budget kept', async (t) => {
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'site' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'site' } } },
    };
    await master.edgectlWithInput(JSON.stringify(budget), 'apply', '-f', '-');
    const end = streamRequests(urls, sha256);
    let fewest = REPLICAS;
    const watching = setInterval(async () => {
      const ready = (await podsOf(master, 'app=site')).filter(isReady);
      fewest = Math.min(fewest, ready.length);
    }, 500);
    t.teardown(() => clearInterval(watching));
    t.match(await master.must('drain', 'alpha', '--timeout=90s'), /node\/alpha drained\n$/);
    clearInterval(watching);
    const { ok, failures } = await end();
    t.comment(`${ok} requests answered, at least ${fewest} pods ready`);
    t.ok(ok > 100, `${ok} requests`);
    t.same(failures, []);
    t.ok(fewest >= REPLICAS - 1, `${fewest} were ready`);
    const left = (await podsOf(master, 'app=site')).filter(({ spec }) => spec.nodeName === 'alpha');
    t.same(left, []);
    await master.must('uncordon', 'alpha');
  });
});
