// Programs of foreign clients from Debian, unpacked into the cache and not installed: from the machine's own suites
// or, for the newest there is, from another suite of the same mirror, with a package list of its own.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../.cache/debian');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where a client was unpacked, or why it cannot be had on this machine. */
export type Unpacked = { root: string; missing?: undefined } | { root?: undefined; missing: string };

/** `name` of a suite such as `sid`, without what it depends on: for programs that need nothing. */
export function fromSuite(suite: string, name: string): Promise<Unpacked> {
  return unpacked(`${suite}-${name}`, async (directory) => {
    const own = await suiteOptions(suite, directory);
    await run('apt-get', [...own, 'update']);
    await run('apt-get', [...own, 'download', name], { cwd: directory });
  });
}

/** The first of `names` that the machine's own suites have, as fromSuite(). */
export function fromOwnSuites(...names: string[]): Promise<Unpacked> {
  return unpacked(names.join('-or-'), async (directory) => {
    const failures: unknown[] = [];
    for (const name of names) {
      try {
        return void (await run('apt-get', ['download', name], { cwd: directory }));
      } catch (error) {
        failures.push(error);
      }
    }
    throw failures.at(-1);
  });
}

/** `name` of the machine's own suites, with all it depends on that the machine does not have. */
export function withDependencies(name: string): Promise<Unpacked> {
  return unpacked(name, async (directory) => {
    await mkdir(join(directory, 'partial'));
    const own = [`Dir::Cache::archives=${directory}/`, 'Debug::NoLocking=1'].flatMap((o) => ['-o', o]);
    await run('apt-get', ['install', '--yes', '--download-only', '--no-install-recommends', ...own, name]);
  });
}

/** Unpacks what `download` puts into its folder. */
async function unpacked(name: string, download: (directory: string) => Promise<void>): Promise<Unpacked> {
  try {
    const root = await cachedRoot(name, async (work) => {
      await download(work);
      await mkdir(join(work, 'root'));
      for (const file of await readdir(work)) {
        if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', join(work, file), join(work, 'root')]);
      }
    });
    return { root };
  } catch (error) {
    return { missing: `apt cannot give ${name}: ${lastLine(error)}` };
  }
}

/**
 * The folder `name` of the cache; where it is not there yet, it is what `fill` makes as `root` in the folder that it is
 * given. Two at once do the same work, and one of them is kept.
 */
export async function cachedRoot(name: string, fill: (work: string) => Promise<void>): Promise<string> {
  const root = join(cache, name);
  if (await stat(root).catch(() => undefined)) return root;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, `.${name}-`));
  try {
    await fill(work);
    await rename(join(work, 'root'), root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return root;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The machine's own lists stay as they are. */
async function suiteOptions(suite: string, directory: string): Promise<string[]> {
  const sources = join(directory, 'sources.list');
  await writeFile(sources, `${await suiteSource(suite)}\n`);
  const lists = join(directory, 'lists');
  await mkdir(join(lists, 'partial'), { recursive: true });
  return [
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::Etc::SourceList=${sources}`,
    `Dir::State::Lists=${lists}`,
    `Dir::Cache=${directory}`,
    // What is installed here, perhaps of another origin and with a higher number, does not matter.
    'Dir::State::status=/dev/null',
  ].flatMap((option) => ['-o', option]);
}

/** A line for sources.list of another suite, from where the machine's apt takes Debian. */
export async function suiteSource(suite: string): Promise<string> {
  return `deb [signed-by=${KEYRING}] ${await mirror()} ${suite} main`;
}

async function mirror(): Promise<string> {
  const { stdout } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
  ]);
  const found = stdout.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (!found) throw new Error("no mirror of Debian is among apt's sources");
  return found;
}

function lastLine(error: unknown): string {
  const text = (error as { stderr?: string }).stderr || String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
