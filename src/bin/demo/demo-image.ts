// Builds the demo's image on the spot, with no registry: Debian's static busybox and one start script.
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isThere } from '../../base/if-present.ts';

const run = promisify(execFile);

export const demoImage = 'localhost/edge-cluster-demo:1';

/** Serves one page that names the pod; TERM ends it at once, as PID 1 would else ignore it. */
const startScript = `#!/bin/sh
mkdir -p /www
echo "Hello from pod $(hostname)" > /www/index.html
trap 'exit 0' TERM
httpd -f -p 8080 -h /www &
wait
`;

/** Makes the image when podman does not have it. `workDir` keeps the few megabytes it is made from. */
export async function ensureDemoImage(workDir: string): Promise<void> {
  if (await imageExists()) return;
  const tree = join(workDir, 'rootfs');
  await mkdir(join(tree, 'bin'), { recursive: true });
  await copyFile(await busybox(workDir), join(tree, 'bin/busybox'));
  await chmod(join(tree, 'bin/busybox'), 0o755);
  for (const applet of ['sh', 'httpd', 'mkdir', 'hostname', 'echo']) await link(join(tree, 'bin', applet));
  await writeFile(join(tree, 'start'), startScript, { mode: 0o755 });
  const archive = join(workDir, 'rootfs.tar');
  await run('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', tree, '-cf', archive, '.']);
  const changes = ['--change', 'CMD ["/start"]', '--change', 'ENV PATH=/bin'];
  await run('podman', ['import', ...changes, archive, demoImage]);
}

async function imageExists(): Promise<boolean> {
  try {
    await run('podman', ['image', 'exists', demoImage]);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return false;
    throw error;
  }
}

/** The static program out of Debian's package, which is unpacked and not installed. */
async function busybox(workDir: string): Promise<string> {
  const unpacked = join(workDir, 'busybox-static');
  const program = join(unpacked, 'bin/busybox');
  const merged = join(unpacked, 'usr/bin/busybox');
  for (const path of [program, merged]) if (await isThere(path)) return path;
  await mkdir(unpacked, { recursive: true });
  await download(workDir);
  const deb = (await readdir(workDir)).find((name) => name.startsWith('busybox-static_'));
  if (!deb)
    throw new Error('apt-get download busybox-static left no package: run it by hand and read what it says');
  await run('dpkg-deb', ['-x', join(workDir, deb), unpacked]);
  return (await isThere(program)) ? program : merged;
}

async function download(workDir: string): Promise<void> {
  try {
    await run('apt-get', ['download', 'busybox-static'], { cwd: workDir });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const said = stderr.match(/^E: .*/m)?.[0] ?? message.split('\n')[0];
    throw new Error(
      `the demo needs Debian's package busybox-static, which apt-get cannot download (${said}): connect this machine to the network, or start with --no-demo`,
      { cause: error },
    );
  }
}

async function link(path: string): Promise<void> {
  await symlink('busybox', path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
