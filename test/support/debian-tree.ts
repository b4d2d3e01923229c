// Debian packages and what they depend on, unpacked into a folder as the root of an image; nothing is installed.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Takes them from the mirrors that this machine's apt already uses; `tree` must not exist. */
export async function unpackPackages(packages: readonly string[], tree: string): Promise<void> {
  const format = 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)';
  const filter = ['Created-By: Packages', 'Origin: Debian'];
  const targets = await run('apt-get', ['indextargets', '--format', format, ...filter]);
  const suite = /VERSION_CODENAME=(\S+)/.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const mirrors = [...new Set(targets.stdout.split('\n').filter(Boolean))];
  const options = ['--quiet', '--variant=extract', '--format=directory', `--include=${packages.join(',')}`];
  await run('mmdebstrap', [...options, suite, tree, ...mirrors], { maxBuffer: 1 << 26 });
}
