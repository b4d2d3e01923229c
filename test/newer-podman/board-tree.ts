// A Debian 13 in the cache with what a board and the tests need: podman 5 beside the podman of the machine, on which
// nothing is installed. One list of packages, one tree: another list makes another, as somebody may be in the old one.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { testPackages } from '../../scripts/bootstrap/system-packages.js';
import { cachedRoot } from '../support/debian-packages.ts';
import { installPackages } from '../support/debian-tree.ts';

export const SUITE = 'trixie';
/** aardvark-dns and passt as podman's package recommends them; the others are what the tests call. */
export const boardTreePackages: readonly string[] = [
  ...testPackages,
  ...['aardvark-dns', 'passt', 'uidmap', 'busybox-static', 'kmod', 'procps', 'e2fsprogs', 'jq'],
];

/** Resolves with the tree's path. */
export function boardTree(): Promise<string> {
  const fill = (work: string) => installPackages(boardTreePackages, join(work, 'root'), SUITE);
  return cachedRoot(`${SUITE}-board-${versionOf(boardTreePackages)}`, fill);
}

/** What was made of the same `parts` has the same. */
export function versionOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join()).digest('hex').slice(0, 8);
}
