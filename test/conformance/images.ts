// The images that upstream's tests name, under those names, made on the spot from Debian packages and from upstream's
// own test programs, and cached: no registry is needed.
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ArchivedImage, writeDockerArchive } from './docker-archive.ts';
import { Layers } from './layers.ts';

const hub = 'docker.io/library';
const tests = 'gcr.io/kubernetes-e2e-test-images';
const env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const agnhostConfig = {
  Env: env,
  Entrypoint: ['/agnhost'],
  Cmd: ['pause'],
  ExposedPorts: { '80/tcp': {}, '8080/tcp': {}, '8081/tcp': {}, '9376/tcp': {} },
};

/**
 * Makes what is missing; resolves with the path of one archive for `podman load`.
 * @param agnhost Path of upstream's agnhost, static. Two more programs are used where they lie beside it:
 * `sample-apiserver` and `nnp` (of upstream's image nonewprivs).
 */
export async function conformanceArchive(agnhost: string, cache: string): Promise<string> {
  const folder = join(cache, await recipeId(agnhost));
  const target = join(folder, 'images.tar');
  if (await exists(target)) return target;
  await mkdir(folder, { recursive: true });
  await writeDockerArchive(await allImages(agnhost, new Layers(folder)), target);
  return target;
}

/** Changes with the recipes and with upstream's programs, so that nothing stale is loaded. */
async function recipeId(agnhost: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['images.ts', 'layers.ts', 'name-server.ts', 'web-servers.ts', 'docker-archive.ts'])
    hash.update(await readFile(join(import.meta.dirname, file)));
  for (const path of [agnhost, beside(agnhost, 'sample-apiserver'), beside(agnhost, 'nnp')]) {
    const { size, mtimeMs } = (await stat(path).catch(() => undefined)) ?? {};
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

async function allImages(agnhost: string, layers: Layers): Promise<ArchivedImage[]> {
  return [
    ...(await agnhostImages(agnhost, layers)),
    ...(await serverImages(layers)),
    ...(await programImages(agnhost, layers)),
  ];
}

async function agnhostImages(agnhost: string, layers: Layers): Promise<ArchivedImage[]> {
  const base = [await layers.tools(), await layers.agnhost(agnhost)];
  const demo = async (name: string) => {
    const text = await layers.text(name, 'data.json', `${JSON.stringify({ image: `${name}.jpg` })}\n`);
    const config = { ...agnhostConfig, Cmd: ['test-webserver'] };
    return { name: `${tests}/${name}:1.0`, layers: [...base, text], config };
  };
  return [
    { name: 'k8s.gcr.io/e2e-test-images/agnhost:2.21', layers: base, config: agnhostConfig },
    // It only sleeps until it is told to end, as the pause program does.
    { name: 'k8s.gcr.io/pause:3.2', layers: base.slice(1), config: { Entrypoint: ['/agnhost', 'pause'] } },
    await demo('nautilus'),
    await demo('kitten'),
  ];
}

async function serverImages(layers: Layers): Promise<ArchivedImage[]> {
  const tools = [await layers.tools()];
  const image = (name: string, Cmd: string[], more = {}) => ({
    name,
    layers: tools,
    config: { Env: env, Cmd, ...more },
  });
  const web = { ExposedPorts: { '80/tcp': {} } };
  const apache = ['apache2', '-D', 'FOREGROUND', '-f', '/usr/local/apache2/conf/httpd.conf'];
  const busybox = [await layers.busybox()];
  return [
    ...['2.4.38', '2.4.39'].map((tag) => image(`${hub}/httpd:${tag}-alpine`, apache, web)),
    ...['1.14', '1.15'].map((tag) => image(`${hub}/nginx:${tag}-alpine`, ['nginx'], web)),
    image(`${hub}/redis:5.0.5-alpine`, ['redis-server', '--protected-mode', 'no']),
    image(`${hub}/perl:5.26`, ['perl', '-de0']),
    image(`${tests}/jessie-dnsutils:1.0`, ['bash']),
    { name: `${hub}/busybox:1.29`, layers: busybox, config: { Env: env, Cmd: ['sh'] } },
    { name: `${tests}/nonroot:1.0`, layers: busybox, config: { Env: env, Cmd: ['sh'], User: '1234' } },
  ];
}

async function programImages(agnhost: string, layers: Layers): Promise<ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  const nnp = beside(agnhost, 'nnp');
  if (await exists(nnp)) {
    const own = await layers.program(nnp, 'usr/local/bin/nnp', 0o6755);
    const config = { Env: env, Cmd: ['nnp'] };
    images.push({ name: `${tests}/nonewprivs:1.0`, layers: [await layers.busybox(), own], config });
  }
  const server = beside(agnhost, 'sample-apiserver');
  if (await exists(server)) {
    const own = await layers.program(server, 'sample-apiserver');
    const config = { Entrypoint: ['/sample-apiserver'] };
    images.push({ name: `${tests}/sample-apiserver:1.17`, layers: [own], config });
    images.push({ name: 'k8s.gcr.io/etcd:3.4.13-0', layers: [await layers.etcd()], config: { Env: env } });
  }
  return images;
}

const beside = (path: string, name: string) => join(dirname(path), name);

const exists = async (path: string) => (await stat(path).catch(() => undefined)) !== undefined;
