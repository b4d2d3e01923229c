// The cgroup files of one container, found through its first process: so v1, v2 and hybrid, and both cgroup managers of
// podman, are the same to whoever reads them.
import { readFile } from 'node:fs/promises';
import { processFile } from '../board/process-file.ts';
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
  const text = await processFile(pid, 'cgroup');
  return text === undefined ? undefined : cgroupFiles(mounts, text, containerId);
}
