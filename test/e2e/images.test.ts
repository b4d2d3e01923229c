// Images on an intranet, with no Internet: a registry that runs as a pod of the cluster, with TLS of its own authority
// and passwords; an own pause image; archives in a folder; and damage that is refused.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import t from 'tap';
import type { core, Pod } from '../../src/api/objects.ts';
import { systemClock } from '../../src/base/clock.ts';
import { openAuthority } from '../../src/pki/certificate-authority.ts';
import { eventually } from '../support/eventually.ts';
import { curlArchive, curlImage, registryArchive, registryImage } from '../support/guestbook/images.ts';
import { startTestPodman } from '../support/podman-runtime.ts';
import { busyboxImage } from '../support/test-image.ts';
import { BoardCluster } from '../support/two-boards.ts';

const exec = promisify(execFile);
const NODE_PORT = 30500;
const PAUSE = 'registry.lan/edge/pause:1';
const APP = 'registry.lan/edge/app:1';
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

t.test('a registry on an intranet', { timeout: 100_000 }, async (t) => {
  const work = await mkdtemp(join(tmpdir(), 'edge-cluster-images-'));
  const cluster = await BoardCluster.create();
  const { master } = cluster;
  t.teardown(async () => {
    if (!t.passing())
      for (const { program, board } of cluster.agents.values()) t.comment(board.name, program.output);
    await cluster.destroy();
    await rm(work, { recursive: true, force: true });
  });
  cluster.agentFlags = ['--pod-infra-image', PAUSE, '--log-level', 'info'];

  const apply = async (...objects: object[]) => {
    const path = join(work, 'apply.json');
    await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await master.must('apply', '-f', path);
  };
  const running = (name: string) =>
    eventually(
      async () => {
        const { status } = await master.json<Pod>('get', 'pod', name);
        if (status?.phase !== 'Running') throw new Error(JSON.stringify([status, await messages(name)]));
      },
      40_000,
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
    await apply(secret('default', 'registry', files), registryPod, registryService);
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
  });
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
