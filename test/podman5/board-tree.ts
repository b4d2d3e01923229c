// A Debian 13 in the cache with what a board and the tests need: podman 5 beside the podman of the machine. It is made
// once, and again when the list of packages has changed; nothing is installed on the machine.
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testPackages } from '../../scripts/bootstrap/system-packages.js';
import { readFileIfPresent } from '../../src/base/if-present.ts';
import { installPackages } from '../support/debian-tree.ts';

const SUITE = 'trixie';
/** aardvark-dns and passt as podman's package recommends them; the others are what tests call. */
const packages = [
  ...testPackages,
  ...['aardvark-dns', 'passt', 'uidmap', 'busybox-static', 'kmod', 'procps', 'e2fsprogs', 'dnsmasq-base'],
];

/** Resolves with the tree's path. */
export async function boardTree(cacheDir: string): Promise<string> {
  const tree = join(cacheDir, `${SUITE}-board`);
  const listPath = `${tree}.packages`;
  const list = `${packages.join('\n')}\n`;
  if ((await readFileIfPresent(listPath)) === list) return tree;
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(join(cacheDir, `.${SUITE}-board-`));
  try {
    await installPackages(packages, join(work, 'root'), SUITE);
    await rm(listPath, { force: true });
    await rm(tree, { recursive: true, force: true });
    await rename(join(work, 'root'), tree);
    await writeFile(listPath, list);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return tree;
}
