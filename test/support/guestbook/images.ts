// The guestbook's images, built on the spot from Debian packages and cached: no registry is needed.
import { execFile } from 'node:child_process';
import { chmod, cp, glob, mkdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackPackages } from '../debian-tree.ts';

const run = promisify(execFile);
const cacheDir = join(import.meta.dirname, '../../../.cache/images');
const applets = ['sh', 'nc', 'httpd', 'printf', 'sed', 'hostname', 'cat', 'echo', 'sleep'];
/** Most of what packages bring along, and nobody here asks for: boards load a third of the bytes. */
const unused = [
  'usr/share/{doc,man,locale,perl,perl5}',
  'usr/lib/*/{perl,perl5,perl-base,gconv}',
  'usr/lib/*/libperl.so*',
  'usr/bin/perl*',
];

export const redisImage = 'localhost/edge-cluster-test-redis:1';
/** Of a program that speaks TLS, and a shell. */
export const curlImage = 'localhost/edge-cluster-test-curl:1';
/** Of a program that speaks MQTT over TLS, and a shell. */
export const mqttImage = 'localhost/edge-cluster-test-mqtt:1';
export const registryImage = 'localhost/edge-cluster-test-registry:1';
export const frontendImage = 'localhost/edge-cluster-test-guestbook:1';

/** Archives in the docker format, ready for `podman load`; resolves with their paths. */
export async function guestbookArchives(): Promise<string[]> {
  await mkdir(cacheDir, { recursive: true });
  return [
    await archive('redis', redisImage, ['redis-server', 'busybox-static'], async () => undefined),
    await archive('guestbook', frontendImage, ['busybox-static'], async (tree) => {
      await cp(join(import.meta.dirname, 'www'), join(tree, 'www'), { recursive: true });
      await chmod(join(tree, 'www/cgi-bin/guestbook'), 0o755);
    }),
  ];
}

export async function curlArchive(): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  return archive('curl', curlImage, ['curl', 'busybox-static'], async () => undefined);
}

export async function mqttArchive(): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  return archive('mqtt', mqttImage, ['mosquitto-clients', 'busybox-static'], async () => undefined);
}

/** Debian's registry; its configuration is mounted by whoever runs it. */
export async function registryArchive(): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  return archive('registry', registryImage, ['docker-registry', 'busybox-static'], async () => undefined);
}

async function archive(
  name: string,
  image: string,
  packages: string[],
  extra: (tree: string) => Promise<void>,
): Promise<string> {
  const target = join(cacheDir, `${name}.tar`);
  if (await stat(target).catch(() => undefined)) return target;
  const tree = join(cacheDir, `${name}.tree`);
  await rm(tree, { recursive: true, force: true });
  await unpack(packages, tree);
  await extra(tree);
  await run('tar', ['-C', tree, '-cf', `${tree}.tar`, '.'], { maxBuffer: 1 << 24 });
  await run('podman', ['import', '--change', 'ENV PATH=/usr/bin:/bin', `${tree}.tar`, image]);
  await run('podman', ['save', '--format', 'docker-archive', '-o', `${target}.part`, image]);
  await run('podman', ['image', 'rm', '--force', image]);
  await rm(tree, { recursive: true, force: true });
  await rm(`${tree}.tar`, { force: true });
  await rename(`${target}.part`, target);
  return target;
}

async function unpack(packages: string[], tree: string): Promise<void> {
  await unpackPackages(packages, tree);
  for await (const path of glob(unused, { cwd: tree })) await rm(join(tree, path), { recursive: true });
  const busybox = await stat(join(tree, 'bin/busybox')).catch(() => undefined);
  if (!busybox) throw new Error(`no bin/busybox in ${tree}: busybox-static has moved`);
  for (const applet of applets) await symlink('busybox', join(tree, 'bin', applet)).catch(ignoreExisting);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
