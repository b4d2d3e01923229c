// A Debian 13 in the cache with what a board and the tests need: podman 5 beside the podman of the machine, on which
// nothing is installed. One list of packages, one tree: another list makes another, as somebody may be in the old one.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { testPackages } from '../../scripts/bootstrap/system-packages.js';
import { installPackages } from '../support/debian-tree.ts';

const SUITE = 'trixie';
/** aardvark-dns and passt as podman's package recommends them; the others are what the tests call. */
const packages = [
  ...testPackages,
  ...['aardvark-dns', 'passt', 'uidmap', 'busybox-static', 'kmod', 'procps', 'e2fsprogs', 'jq'],
];

/** Resolves with the tree's path. */
export async function boardTree(cacheDir: string): Promise<string> {
  const version = createHash('sha256').update(packages.join()).digest('hex').slice(0, 8);
  const tree = join(cacheDir, `${SUITE}-board-${version}`);
  if (await stat(tree).catch(() => undefined)) return tree;
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(join(cacheDir, `.${SUITE}-board-`));
  try {
    await installPackages(packages, join(work, 'root'), SUITE);
    await rename(join(work, 'root'), tree);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return tree;
}
