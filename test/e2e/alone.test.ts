// A board whose plug is pulled, booted with no master in sight, on real podman: what it does by itself, Ingress
// included, and what happens when the master is back.
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Event, Pod } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { demoImage } from '../../src/bin/demo/demo-image.ts';
import { makeSelfMadeCertificate } from '../../src/pki/self-made-certificate.ts';
import { demoArchive } from '../support/demo-archive.ts';
import { eventually } from '../support/eventually.ts';
import { isReady, podsOf, readyPods } from '../support/pods.ts';
import { BoardCluster } from '../support/two-boards.ts';

const exec = promisify(execFile);
const NODE_PORT = 30081;
const PASSWORD = 'correct-horse';
const HOST = 'vault.test';

const template = {
  metadata: { labels: { app: 'vault' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    volumes: [{ name: 'login', secret: { secretName: 'login' } }],
    containers: [
      {
        name: 'vault',
        image: demoImage,
        command: ['sh', '-c', 'trap "exit 0" TERM; httpd -f -p 8080 -h /login & wait'],
        env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }],
        volumeMounts: [{ name: 'login', mountPath: '/login' }],
      },
    ],
  },
};

const manifests = [
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: { password: PASSWORD } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'vault' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'vault' } }, template },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'vault' },
    spec: {
      type: 'NodePort',
      selector: { app: 'vault' },
      ports: [{ port: 80, targetPort: 8080, nodePort: NODE_PORT }],
    },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'vault' },
    spec: {
      tls: [{ hosts: [HOST], secretName: 'shown' }],
      rules: [
        {
          host: HOST,
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: 'vault', port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    },
  },
];

t.test('a board alone', async (t) => {
  const { cluster, work } = await BoardCluster.forTest(t, 'alone');
  const { master } = cluster;
  const archive = await demoArchive(work);
  // On a thread that has to be told what the board kept.
  cluster.agentFlags = ['--ingress', '--proxy-thread'];
  await cluster.start(['alpha'], [archive]);
  const shown = await makeSelfMadeCertificate([HOST], systemClock);
  const authority = join(work, 'shown.pem');
  await writeFile(authority, shown.certificatePem);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shown' },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': shown.certificatePem, 'tls.key': shown.keyPem },
  };
  const { board } = cluster.agent('alpha');
  const kept = join(board.dir, 'agent', 'checkpoint');
  const page = () => cluster.get(`http://${board.address}:${NODE_PORT}/password`);
  /** By the Ingress, whose certificate is looked at. */
  const pageByName = async () => {
    const to = ['--cacert', authority, '--resolve', `${HOST}:443:${board.address}`];
    const { stdout } = await exec('curl', ['-sS', '--max-time', '3', ...to, `https://${HOST}/password`]);
    return stdout;
  };
  const containers = async () => {
    const { stdout } = await board.run('podman', 'ps', '--no-trunc', '--format', '{{.ID}} {{.StartedAt}}');
    return stdout.split('\n').filter(Boolean).sort();
  };

  await t.test('a static pod has a mirror, and garbage beside it an event', async (t) => {
    const folder = join(board.dir, 'agent', 'manifests');
    const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: demoImage }] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'own' }, spec };
    await writeFile(join(folder, 'garbage.yaml'), '}{');
    await writeFile(join(folder, 'own.json'), JSON.stringify(pod));
    const mirror = () => master.json<Pod>('get', 'pod', 'own-alpha');
    await eventually(async () => isReady(await mirror()), 20_000, 200);
    const { uid } = (await mirror()).metadata;
    await master.must('delete', 'pod', 'own-alpha', '--wait=false');
    await eventually(
      async () => (await mirror()).metadata.uid !== uid && isReady(await mirror()),
      10_000,
      200,
    );
    t.equal((await mirror()).status?.containerStatuses?.[0]?.restartCount, 0, 'nothing was stopped for it');
    await eventually(async () => {
      const { items } = await master.json<{ items: Event[] }>('get', 'events');
      return items.some(
        ({ reason, message }) => reason === 'FailedStaticPod' && message?.includes('garbage.yaml'),
      );
    }, 10_000);
  });

  await t.test('starts its pods after a power cut, Secrets and Service included', async (t) => {
    await master.apply(secret, ...manifests);
    await readyPods(master, 'app=vault', 2);
    await eventually(async () => (await page()) === PASSWORD, 10_000, 100);
    await eventually(async () => (await pageByName()) === PASSWORD, 10_000, 100);
    const readyMs = Date.now();
    // Written 5 s after a change at the latest, then the endpoints are in it; the pods 2 s after they are told.
    const isKept = async () =>
      ((await stat(join(kept, 'cluster'))).mtimeMs > readyMs && Date.now() > readyMs + 3_000) ||
      Date.now() > readyMs + 6_000;
    await eventually(isKept, 15_000, 200);
    await master.program?.end('SIGKILL');
    await board.cutPower();
    await cluster.lab.reboot(board);
    const bootMs = Date.now();
    await cluster.startAgent(board);
    await eventually(async () => (await page()) === PASSWORD, 30_000, 200);
    await eventually(async () => (await containers()).length === 6, 20_000, 200);
    await eventually(async () => (await pageByName()) === PASSWORD, 10_000, 200);
    t.comment(`the Service answered ${Date.now() - bootMs} ms after the agent's start`);
    const { stdout: ids } = await board.run(
      'podman',
      'ps',
      '--quiet',
      '--filter',
      'label=edge-cluster/container',
      '--filter',
      'name=vault',
    );
    for (const id of ids.split('\n').filter(Boolean)) {
      const { stdout } = await board.run('podman', 'exec', id, 'sh', '-c', 'echo $PASSWORD');
      t.equal(stdout.trim(), PASSWORD);
    }
    const { stdout: all } = await board.run('podman', 'ps', '--all', '--quiet');
    t.equal(all.split('\n').filter(Boolean).length, 6, 'three pods of two containers, and nothing of before');
    t.notOk((await readFile(join(kept, 'pods'), 'latin1')).includes(PASSWORD));
  });

  await t.test('restarts what fails while it is alone', async () => {
    const [id = ''] = (
      await board.run(
        'podman',
        'ps',
        '--quiet',
        '--filter',
        'label=edge-cluster/container',
        '--filter',
        'name=vault',
      )
    ).stdout.split('\n');
    await board.run('podman', 'kill', '--signal', 'KILL', id);
    await eventually(async () => (await cluster.running('alpha', 'vault')).length === 2, 20_000, 200);
    await eventually(async () => (await page()) === PASSWORD, 10_000, 200);
  });

  await t.test('restarts nothing when the master is back, and removes what was deleted', async (t) => {
    const before = await containers();
    await cluster.startMaster();
    // Once for the power cut each, and once more for the one that was killed.
    const statuses = await eventually(async () => {
      const pods = await podsOf(master, 'app=vault');
      const all = pods.flatMap((pod) => pod.status?.containerStatuses ?? []);
      const restarts = all.map(({ restartCount }) => restartCount).sort();
      if (!pods.every(isReady) || restarts.join() !== '1,2') throw new Error(`restarts: ${restarts}`);
      return all;
    }, 20_000);
    const cut = statuses.find(({ restartCount }) => restartCount === 1);
    t.match(
      cut?.lastState?.terminated,
      { exitCode: 255, reason: 'Unknown' },
      'no success, whatever podman says',
    );
    t.same(await containers(), before);
    await master.must('delete', 'deployment', 'vault');
    await eventually(async () => (await containers()).length === 2, 20_000, 200);
  });
});
