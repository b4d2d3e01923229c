// A Debian 13 in the cache with what a board and the tests need: podman 5 beside the podman of the machine, on which
// nothing is installed. One list of packages, one tree: another list makes another, as somebody may be in the old one.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { testPackages } from '../../scripts/bootstrap/system-packages.js';
import { cachedRoot } from '../support/debian-packages.ts';
import { installPackages } from '../support/debian-tree.ts';

const SUITE = 'trixie';
/** aardvark-dns and passt as podman's package recommends them; the others are what the tests call. */
const packages = [
  ...testPackages,
  ...['aardvark-dns', 'passt', 'uidmap', 'busybox-static', 'kmod', 'procps', 'e2fsprogs', 'jq'],
];

/** Resolves with the tree's path. */
export function boardTree(): Promise<string> {
  const version = createHash('sha256').update(packages.join()).digest('hex').slice(0, 8);
  const fill = (work: string) => installPackages(packages, join(work, 'root'), SUITE);
  return cachedRoot(`${SUITE}-board-${version}`, fill);
}
