// Writes the files of a ConfigMap, Secret, downward API or projected volume as Kubernetes does: `key → ..data/key`,
// `..data → ..N`. A change swaps `..data` by one rename, so a reader sees all of the old files or all of the new.
// https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
import { chmod, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { type Ownership, takeOwnership } from './ownership.ts';

export interface ProjectedFile {
  /** Relative, without `..`. */
  path: string;
  content: Uint8Array;
  mode: number;
}

const CURRENT = '..data';

export async function writeProjectedFiles(
  directory: string,
  files: readonly ProjectedFile[],
  ownership?: Ownership,
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  if (ownership) await takeOwnership(directory, { ...ownership, policy: 'OnRootMismatch' });
  const fresh = await mkdtemp(join(directory, '..v'));
  await chmod(fresh, 0o755);
  for (const file of files) await writeOne(join(fresh, file.path), file);
  if (ownership) await takeOwnership(fresh, { ...ownership, policy: undefined });
  const previous = await currentVersion(directory);
  await swapLink(directory, CURRENT, basename(fresh));
  await linkNames(directory, files);
  if (previous) await rm(join(directory, previous), { recursive: true, force: true });
}

export async function hasProjectedFiles(directory: string): Promise<boolean> {
  return (await currentVersion(directory)) !== undefined;
}

async function writeOne(path: string, { content, mode }: ProjectedFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, content);
  await chmod(path, mode);
}

async function currentVersion(directory: string): Promise<string | undefined> {
  try {
    return await readlink(join(directory, CURRENT));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function swapLink(directory: string, name: string, target: string): Promise<void> {
  const temporary = join(directory, '..data_tmp');
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, join(directory, name));
}

/** The names that containers open; those that no file has any more go. */
async function linkNames(directory: string, files: readonly ProjectedFile[]): Promise<void> {
  const wanted = new Set(files.map((file) => file.path.split('/')[0] ?? ''));
  const present = new Set((await readdir(directory)).filter((name) => !name.startsWith('..')));
  for (const name of present) {
    if (!wanted.has(name)) await rm(join(directory, name), { force: true });
  }
  for (const name of wanted) {
    if (!present.has(name)) await symlink(join(CURRENT, name), join(directory, name));
  }
}
