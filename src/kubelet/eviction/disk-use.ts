// What folders take on the disk, as du counts it: read only while a board runs out of it.
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../base/if-present.ts';

export interface DiskAmount {
  bytes: number;
  inodes: number;
}

const BLOCK_BYTES = 512;

/** What vanishes meanwhile counts as nothing; other file systems mounted below count as theirs. */
export async function diskUse(path: string, device?: number): Promise<DiskAmount> {
  const found = await lstat(path).catch(() => undefined);
  if (!found || (device !== undefined && found.dev !== device)) return { bytes: 0, inodes: 0 };
  const total = { bytes: found.blocks * BLOCK_BYTES, inodes: 1 };
  if (!found.isDirectory()) return total;
  // One after the other: a board in need has no memory for thousands of open questions.
  for (const name of await namesIn(path).catch(() => [])) {
    const { bytes, inodes } = await diskUse(join(path, name), found.dev);
    total.bytes += bytes;
    total.inodes += inodes;
  }
  return total;
}
