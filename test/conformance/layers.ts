// The layers of the images that upstream's tests run: Debian packages, and programs and files laid over them.
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { openAuthority } from '../../src/pki/certificate-authority.ts';
import { unpackPackages } from '../support/debian-tree.ts';
import { coreDns } from './name-server.ts';
import { apacheConfig, indexPage, nginxConfig } from './web-servers.ts';

const run = promisify(execFile);

/** What a shell, the tests' probes and the well-known servers need. */
const toolPackages = [
  ...[
    'dash',
    'bash',
    'coreutils',
    'grep',
    'sed',
    'mawk',
    'findutils',
    'hostname',
    'procps',
    'util-linux',
    'mount',
  ],
  // getent, which pods ask for their own names.
  'libc-bin',
  ...[
    'curl',
    'wget',
    'netcat-openbsd',
    'iproute2',
    'bind9-dnsutils',
    'dnsmasq-base',
    'iperf',
    'perl-base',
    'tar',
  ],
  ...['apache2-bin', 'nginx-light', 'redis-server', 'redis-tools'],
];

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`;
const group = 'root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nnogroup:x:65534:\n';

/** Makes layers as tar files in one folder; one that is there already is not made again. */
export class Layers {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A small Debian with the tools and servers, as they are found in upstream's images. */
  tools(): Promise<string> {
    return this.#layer('tools', async (tree) => {
      await unpackPackages(toolPackages, tree);
      for (const path of [
        'usr/share/doc',
        'usr/share/man',
        'usr/share/locale',
        'usr/share/i18n',
        'var/cache/apt',
      ])
        await rm(join(tree, path), { recursive: true, force: true });
      await accounts(tree);
      // Debian makes these links as it installs, which nothing here does.
      await symlink('nc.openbsd', join(tree, 'bin/nc'));
      await symlink('mawk', join(tree, 'usr/bin/awk'));
      await files(tree, {
        'usr/local/apache2/conf/httpd.conf': apacheConfig,
        'usr/local/apache2/htdocs/index.html': indexPage,
        'etc/nginx/nginx.conf': nginxConfig,
        'usr/share/nginx/html/index.html': indexPage,
        coredns: coreDns,
        // As busybox's, which upstream's image has: it tries once.
        'etc/wgetrc': 'tries = 1\n',
      });
      await chmod(join(tree, 'coredns'), 0o755);
    });
  }

  /** busybox alone, each of its applets a link. */
  busybox(): Promise<string> {
    return this.#layer('busybox', async (tree) => {
      const unpacked = `${tree}.packages`;
      await rm(unpacked, { recursive: true, force: true });
      await unpackPackages(['busybox-static'], unpacked);
      const program = join(unpacked, 'bin/busybox');
      await place(program, join(tree, 'bin/busybox'));
      const { stdout } = await run(program, ['--list']);
      for (const applet of stdout.split('\n').filter((name) => name && name !== 'busybox'))
        await symlink('busybox', join(tree, 'bin', applet));
      await rm(unpacked, { recursive: true });
      await accounts(tree);
    });
  }

  /** One program of upstream's. */
  program(path: string, at: string, mode = 0o755): Promise<string> {
    return this.#layer(at.replaceAll('/', '-'), async (tree) => {
      await place(path, join(tree, at), mode);
    });
  }

  /**
   * agnhost with its second name, by which tests tell that an entrypoint was overridden, its folder for uploads and a
   * certificate for its servers with TLS.
   */
  agnhost(path: string): Promise<string> {
    return this.#layer('agnhost', async (tree) => {
      await place(path, join(tree, 'agnhost'));
      await symlink('agnhost', join(tree, 'agnhost-2'));
      await mkdir(join(tree, 'uploads'));
      await servingCertificate(tree);
    });
  }

  text(name: string, path: string, content: string): Promise<string> {
    return this.#layer(name, (tree) => files(tree, { [path]: content }));
  }

  etcd(): Promise<string> {
    return this.#layer('etcd', async (tree) => {
      await unpackPackages(['etcd-server'], tree);
      await mkdir(join(tree, 'usr/local/bin'), { recursive: true });
      await symlink('/usr/bin/etcd', join(tree, 'usr/local/bin/etcd'));
      await accounts(tree);
    });
  }

  async #layer(name: string, fill: (tree: string) => Promise<void>): Promise<string> {
    const target = join(this.#folder, `${name}.tar`);
    if (await stat(target).catch(() => undefined)) return target;
    const tree = join(this.#folder, `${name}.tree`);
    await rm(tree, { recursive: true, force: true });
    // mmdebstrap makes its tree itself, and takes an empty one.
    await mkdir(tree, { recursive: true });
    await fill(tree);
    const options = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mtime=@0'];
    await run('tar', ['-C', tree, ...options, '-cf', `${target}.part`, ...(await readdir(tree))]);
    await rm(tree, { recursive: true });
    await rename(`${target}.part`, target);
    return target;
  }
}

async function accounts(tree: string): Promise<void> {
  await files(tree, { 'etc/passwd': passwd, 'etc/group': group });
  for (const path of ['root', 'home', 'proc', 'sys', 'dev', 'var/www', 'tmp'])
    await mkdir(join(tree, path), { recursive: true });
  await chmod(join(tree, 'tmp'), 0o1777);
}

async function servingCertificate(tree: string): Promise<void> {
  const authority = await openAuthority(`${tree}.authority`, systemClock);
  const { certificatePem, keyPem } = await authority.issue({ commonName: 'localhost', usage: 'server' });
  await files(tree, { 'localhost.crt': certificatePem, 'localhost.key': keyPem });
  await rm(`${tree}.authority`, { recursive: true });
}

async function files(tree: string, contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await rm(join(tree, path), { force: true });
    await writeFile(join(tree, path), content);
  }
}

async function place(from: string, to: string, mode = 0o755): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, mode);
}
