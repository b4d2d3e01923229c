// Debian packages and what they depend on in a folder of their own, as the root of an image or of a board; the machine
// itself gets none of them.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { suiteSource } from './debian-packages.ts';

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

/** Of another suite, configured as on a board of that suite; `tree` must not exist. */
export async function installPackages(
  packages: readonly string[],
  tree: string,
  suite: string,
): Promise<void> {
  const options = ['--quiet', '--mode=root', '--variant=minbase', '--format=directory'];
  const args = [...options, `--include=${packages.join(',')}`, suite, tree, await suiteSource(suite)];
  await run('mmdebstrap', args, { maxBuffer: 1 << 26 });
}
