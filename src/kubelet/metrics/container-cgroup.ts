// The cgroup files of one container, found through its first process: so v1, v2 and hybrid, and both cgroup managers of
// podman, are the same to whoever reads them.
import { readFile } from 'node:fs/promises';
import { readFileIfPresent } from '../../base/if-present.ts';
import { type CgroupFiles, type CgroupMounts, cgroupFiles, parseCgroupMounts } from './cgroup-mounts.ts';

/** Of this machine: they do not change while it runs. */
export async function readCgroupMounts(): Promise<CgroupMounts> {
  return parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** `undefined` when the process is gone. */
export async function containerCgroup(
  mounts: CgroupMounts,
  containerId: string,
  pid: number,
): Promise<CgroupFiles | undefined> {
  const text = await processCgroup(pid);
  return text === undefined ? undefined : cgroupFiles(mounts, text, containerId);
}

async function processCgroup(pid: number): Promise<string | undefined> {
  try {
    return await readFileIfPresent(`/proc/${pid}/cgroup`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
    throw error;
  }
}
