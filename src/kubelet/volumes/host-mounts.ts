// Filesystems that the agent mounts for pods. What is mounted is read from the kernel, so an agent that was killed
// finds what it left; a folder is never emptied while something is mounted in it.
// Source: man 5 proc, /proc/[pid]/mountinfo
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A server that does not answer must not hold its pod's worker for ever. */
const TIMEOUT_MS = 60_000;
const MOUNT_POINT_FIELD = 4;

export interface HostMount {
  type: string;
  source: string;
  target: string;
  options: readonly string[];
}

/** Nothing to do where something is mounted already. Rejects with what mount(8) says. */
export async function mountOnce({ type, source, target, options }: HostMount): Promise<void> {
  if ((await mountPoints()).includes(target)) return;
  const flags = options.length > 0 ? ['-o', options.join(',')] : [];
  await run('mount', ['-t', type, ...flags, source, target], { timeout: TIMEOUT_MS });
}

/** Below `directory` and at it, the innermost first. */
export async function unmountBelow(directory: string): Promise<void> {
  const isBelow = (path: string) => path === directory || path.startsWith(`${directory}/`);
  const points = (await mountPoints()).filter(isBelow);
  for (const point of points.reverse()) await run('umount', [point], { timeout: TIMEOUT_MS });
}

async function mountPoints(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return mountPointsIn(table);
}

/** In the order in which they were mounted. */
export function mountPointsIn(table: string): string[] {
  const lines = table.split('\n').filter((line) => line !== '');
  return lines.map((line) => unescapePath(line.split(' ')[MOUNT_POINT_FIELD] ?? ''));
}

/** The kernel writes spaces and the like as three octal digits. */
const unescapePath = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
