// A real kubectl for the tests: the machine's own, or Debian's, unpacked and not installed.
import { execFile } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cacheDir = join(import.meta.dirname, '../../.cache/kubectl');
/** Debian 13 and later have `kubectl`; Debian 12 has it in `kubernetes-client`. */
const packages = ['kubectl', 'kubernetes-client'];

export async function kubectlPath(): Promise<string> {
  for (const path of ['/usr/bin/kubectl', '/usr/local/bin/kubectl', join(cacheDir, 'usr/bin/kubectl')]) {
    if (await stat(path).catch(() => undefined)) return path;
  }
  await mkdir(cacheDir, { recursive: true });
  const failures: unknown[] = [];
  for (const name of packages) {
    try {
      await run('apt-get', ['download', name], { cwd: cacheDir });
      break;
    } catch (error) {
      failures.push(error);
    }
  }
  const deb = (await readdir(cacheDir)).find((file) => file.endsWith('.deb'));
  if (!deb)
    throw new AggregateError(failures, `apt has neither of ${packages.join(', ')}: run apt-get update`);
  await run('dpkg-deb', ['-x', join(cacheDir, deb), cacheDir]);
  return join(cacheDir, 'usr/bin/kubectl');
}
