// Finds a directory that lives in memory: Secrets and in-memory volumes must never reach the SD card.
import { createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

const TMPFS_MAGIC = 0x01021994;
const RAMFS_MAGIC = 0x858458f6;
const CANDIDATES = ['/run', '/dev/shm'];

/** The first candidate that is memory-backed; `undefined` when none is. */
async function memoryDirectory(candidates: readonly string[] = CANDIDATES): Promise<string | undefined> {
  for (const path of candidates) {
    if (await isInMemory(path)) return path;
  }
  return undefined;
}

/** The agent's own directory in memory: several agents, each with a data directory, may run on one machine. */
export async function ownMemoryDirectory(dataDir: string): Promise<string | undefined> {
  const base = await memoryDirectory();
  const own = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  return base && join(base, 'edge-cluster', own);
}

async function isInMemory(path: string): Promise<boolean> {
  try {
    const { type } = await statfs(path);
    return type === TMPFS_MAGIC || type === RAMFS_MAGIC;
  } catch {
    // A candidate that is not there is not memory-backed.
    return false;
  }
}
