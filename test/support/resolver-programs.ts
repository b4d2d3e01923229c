// One small program that asks the C library for names, built with Debian's compilers: once with glibc, as most images
// are, and once with musl and static, as Alpine's programs behave.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../.cache/resolvers');
const source = join(import.meta.dirname, '../fixtures/resolver/resolve.c');

export const LIBRARIES = ['glibc', 'musl'] as const;

/** Folder with the programs `glibc` and `musl`, built again when their source is newer. */
export async function resolverPrograms(): Promise<string> {
  await mkdir(cache, { recursive: true });
  await build('glibc', ['gcc', '-o'], ['-lresolv']);
  await build('musl', ['musl-gcc', '-static', '-o'], []);
  return cache;
}

/** Two at once do the same work, and one of them is kept. */
async function build(name: string, [compiler = '', ...before]: string[], after: string[]): Promise<void> {
  const target = join(cache, name);
  const built = await stat(target).catch(() => undefined);
  if (built && built.mtimeMs > (await stat(source)).mtimeMs) return;
  const work = await mkdtemp(join(cache, `.${name}-`));
  try {
    await run(compiler, ['-O1', ...before, join(work, name), source, ...after]);
    await rename(join(work, name), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
