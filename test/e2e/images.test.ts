// Images on an intranet, with no Internet: a registry that runs as a pod of the cluster, with TLS of its own authority
// and passwords; an own pause image; archives dropped into a folder; and images from board to board.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import t from 'tap';
import type { core, Node, Pod } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { openAuthority } from '../../src/pki/certificate-authority.ts';
import { eventually } from '../support/eventually.ts';
import { curlArchive, curlImage, registryArchive, registryImage } from '../support/guestbook/images.ts';
import { patient } from '../support/patience.ts';
import { startTestPodman } from '../support/podman-runtime.ts';
import { busyboxImage } from '../support/test-image.ts';
import { BoardCluster } from '../support/two-boards.ts';

const exec = promisify(execFile);
const NODE_PORT = 30500;
const PAUSE = 'registry.lan/edge/pause:1';
const APP = 'registry.lan/edge/app:1';
const ONLY_ON_ALPHA = 'localhost/only-on-alpha:1';
const USER = 'ann';
const PASSWORD = 'sesame';
/** bcrypt of it: the only form that the registry takes. */
const PASSWORD_HASH = '$2b$12$YtMx/A/Rn4vS.tRxfu7nAeTwg9plV1nNeqosD3bQLUP4TU3iNSvS2';
const REGISTRY_CONFIG = `version: 0.1
storage: { filesystem: { rootdirectory: /data } }
http: { addr: ":5000", tls: { certificate: /etc/registry/tls.crt, key: /etc/registry/tls.key } }
auth: { htpasswd: { realm: lan, path: /etc/registry/htpasswd } }
`;

const secret = (namespace: string, name: string, stringData: object, type = 'Opaque') => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  type,
  stringData,
});
const pod = (
  name: string,
  nodeName: string,
  container: Partial<core.Container>,
  volumes: core.Volume[] = [],
) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: {
    nodeName,
    terminationGracePeriodSeconds: 0,
    volumes,
    containers: [{ name: 'c', command: ['sh', '-c', 'sleep 3600'], ...container }],
  },
});
const registryPod = pod(
  'registry',
  'alpha',
  {
    image: registryImage,
    imagePullPolicy: 'Never',
    command: ['docker-registry', 'serve', '/etc/registry/config.yml'],
    volumeMounts: [
      { name: 'config', mountPath: '/etc/registry' },
      { name: 'data', mountPath: '/data' },
    ],
  },
  [
    { name: 'config', secret: { secretName: 'registry' } },
    { name: 'data', emptyDir: {} },
  ],
);
const registryService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'registry', namespace: 'default' },
  spec: { type: 'NodePort', selector: { app: 'registry' }, ports: [{ port: 5000, nodePort: NODE_PORT }] },
};

t.test('an intranet of two boards', { timeout: patient(100_000) }, async (t) => {
  const { cluster, work } = await BoardCluster.forTest(t, 'images');
  const { master } = cluster;
  cluster.agentFlags = ['--pod-infra-image', PAUSE, '--log-level', 'info'];

  const running = (name: string) =>
    eventually(
      async () => {
        const { status } = await master.json<Pod>('get', 'pod', name);
        if (status?.phase !== 'Running') throw new Error(JSON.stringify([status, await messages(name)]));
      },
      20_000,
      200,
    );
  const messages = async (name: string) => {
    const { items } = await master.json<{ items: core.Event[] }>('get', 'events');
    return items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ message = '' }) => message);
  };
  /** A small image under another name, as an archive. */
  const archiveOf = async (image: string) => {
    const path = join(work, `${image.replace(/\W/g, '-')}.tar`);
    await exec('podman', ['load', '--quiet', '--input', await curlArchive()]);
    await exec('podman', ['tag', curlImage, image]);
    await exec('podman', ['save', '--quiet', '--format', 'docker-archive', '-o', path, image]);
    return path;
  };
  const catatonit = async () => {
    const path = join(work, 'pause.tar');
    const root = join(work, 'pause');
    await mkdir(root);
    await copyFile('/usr/bin/catatonit', join(root, 'catatonit'));
    await exec('tar', ['-C', root, '-cf', `${path}.root`, 'catatonit']);
    await exec('podman', ['import', '--change', 'ENTRYPOINT ["/catatonit","-P"]', `${path}.root`, PAUSE]);
    await exec('podman', ['save', '--quiet', '--format', 'docker-archive', '-o', path, PAUSE]);
    return path;
  };
  /** As one puts files on the card. */
  const boot = async (name: string, archives: readonly string[]) => {
    const board = await cluster.lab.addBoard(name);
    const folder = join(board.dir, 'agent/images');
    await mkdir(folder, { recursive: true });
    for (const [i, archive] of archives.entries()) await copyFile(archive, join(folder, `${i}.tar`));
    const agent = await cluster.startAgent(board, (await master.must('token', 'create')).trim());
    await agent.program.waitFor('The agent is ready', 60_000);
    return { board, folder };
  };

  await cluster.start([]);
  const alpha = await boot('alpha', [await registryArchive(), await catatonit()]);
  const registry = `${alpha.board.address}:${NODE_PORT}`;

  await t.test('a registry runs from archives on the card, with an own pause image', async (t) => {
    const authority = await openAuthority(join(work, 'authority'), systemClock);
    const ipAddresses = [alpha.board.address];
    const server = await authority.issue({ commonName: 'registry', usage: 'server', ipAddresses });
    const files = {
      'tls.crt': server.certificatePem,
      'tls.key': server.keyPem,
      htpasswd: `${USER}:${PASSWORD_HASH}\n`,
      'config.yml': REGISTRY_CONFIG,
    };
    await master.apply(secret('default', 'registry', files), registryPod, registryService);
    await running('registry');
    const { stdout } = await alpha.board.run('podman', 'ps', '--format', '{{.Image}}');
    t.match(stdout, PAUSE);

    const certificates = join(work, 'certs.d');
    await mkdir(certificates);
    await writeFile(join(certificates, 'ca.crt'), authority.certificatePem);
    await archiveOf(APP);
    const login = ['--cert-dir', certificates, '--creds', `${USER}:${PASSWORD}`];
    await eventually(
      () => exec('podman', ['push', '--quiet', ...login, APP, `${registry}/edge/app:1`]),
      15_000,
      300,
    );

    const registries = {
      mirrors: { 'registry.lan': { endpoint: [`https://${registry}`] } },
      configs: { [registry]: { auth: { secretName: 'lan' }, tls: { ca: authority.certificatePem } } },
    };
    const basic = { username: USER, password: PASSWORD };
    await master.apply(secret('kube-system', 'lan', basic, 'kubernetes.io/basic-auth'), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'kube-system', name: 'registries' },
      data: { 'registries.yaml': JSON.stringify(registries) },
    });
  });

  await t.test(
    'both boards pull from it, and pause comes from the board that has it',
    { timeout: patient(90_000) },
    async (t) => {
      const beta = await boot('beta', []);
      const app = { image: APP, imagePullPolicy: 'Always' };
      await master.apply(pod('app-alpha', 'alpha', app), pod('app-beta', 'beta', app));
      for (const name of ['app-alpha', 'app-beta']) {
        await running(name);
        const pulled = new RegExp(`Successfully pulled image "${APP}" in .* Image size: \\d+ bytes\\.`);
        t.ok(
          (await messages(name)).some((message) => pulled.test(message)),
          name,
        );
      }
      t.match((await beta.board.run('podman', 'ps', '--format', '{{.Image}}')).stdout, PAUSE);
      await eventually(
        async () => {
          const { status } = await master.json<Node>('get', 'node', 'beta');
          t.ok(status?.images?.some(({ names }) => names?.includes(APP)));
          if (!status?.images?.length) throw new Error('no images');
        },
        10_000,
        200,
      );
    },
  );

  await t.test(
    'without the registry, a board takes what only another one has',
    { timeout: patient(90_000) },
    async (t) => {
      await master.must('delete', 'pod', 'registry', '--wait=false');
      const archive = await archiveOf(ONLY_ON_ALPHA);
      await copyFile(archive, join(alpha.folder, 'late.part'));
      await rename(join(alpha.folder, 'late.part'), join(alpha.folder, 'late.tar'));
      await writeFile(join(alpha.folder, 'broken.tar'), (await readFile(archive)).subarray(0, 5000));
      await eventually(
        async () => {
          const told = (await messages('alpha')).join('\n');
          if (!/Imported .*only-on-alpha/.test(told) || !/broken\.tar cannot be imported/.test(told))
            throw new Error(told);
        },
        15_000,
        300,
      );
      const anonymous = ['-kSs', '--max-time', '5', `https://${alpha.board.address}:10270/edge/v1/images/`];
      await t.rejects(exec('curl', anonymous), /certificate required|alert/i);
      await master.apply(pod('late', 'beta', { image: ONLY_ON_ALPHA, imagePullPolicy: 'IfNotPresent' }));
      await running('late');
      t.ok(
        (await messages('late')).some((message) =>
          message.includes(`${ONLY_ON_ALPHA}" from node "alpha" in`),
        ),
      );
    },
  );
});

t.test('an archive with one flipped byte is refused', async (t) => {
  const { runtime } = await startTestPodman(t, 77);
  const store = await runtime.imageStore();
  const idOf = async () => (await store.list()).find(({ names }) => names.includes(busyboxImage))?.id ?? '';
  const id = await idOf();
  const archive = await buffer(await store.save(id));
  await store.remove(busyboxImage);
  const flipped = Buffer.from(archive);
  // In the middle of the program, which is nearly all of the layer.
  const at = archive.length >> 1;
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  await t.rejects(store.load(Readable.from([flipped])), { name: 'RuntimeError' });
  t.notOk((await store.list()).some((image) => image.id === id));
  t.same(await store.load(Readable.from([archive])), [id]);
  await store.tag(id, busyboxImage);
  t.equal(await idOf(), id);
});
