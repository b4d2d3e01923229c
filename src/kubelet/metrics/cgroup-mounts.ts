// Where the kernel shows a process' CPU and memory counters: cgroup v1, v2 and both at once (hybrid). Pure: it is
// given the texts of /proc files and names the files to read.
// https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html · https://docs.kernel.org/admin-guide/cgroup-v2.html

interface CgroupMount {
  /** Which part of the hierarchy is mounted there; `/` = all of it. */
  root: string;
  path: string;
}

/** The hierarchies that count; what is absent is not mounted, or not built into the kernel. */
export interface CgroupMounts {
  cpuacct?: CgroupMount;
  memory?: CgroupMount;
  unified?: CgroupMount;
}

/**
 * The files of one container; absent = the kernel does not count it (memory on a Pi without `cgroup_enable=memory`).
 */
export interface CgroupFiles {
  /** v1 `cpuacct.usage` (nanoseconds) or v2 `cpu.stat` (microseconds, `usage_usec`). */
  cpu?: string;
  /** v1 `memory.usage_in_bytes` or v2 `memory.current`. */
  memory?: string;
  /** `memory.stat`: v1 has `total_inactive_file`, v2 `inactive_file`. */
  memoryStat?: string;
}

/** From /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function parseCgroupMounts(mountinfo: string): CgroupMounts {
  const mounts: CgroupMounts = {};
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', path = ''] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    if (type === 'cgroup2') mounts.unified ??= { root, path };
    if (type !== 'cgroup') continue;
    const controllers = options.split(',');
    if (controllers.includes('cpuacct')) mounts.cpuacct ??= { root, path };
    if (controllers.includes('memory')) mounts.memory ??= { root, path };
  }
  return mounts;
}

/** `procCgroup` is the text of /proc/PID/cgroup (cgroups(7)) of the container's first process. */
export function cgroupFiles(mounts: CgroupMounts, procCgroup: string, containerId: string): CgroupFiles {
  const paths = parsePaths(procCgroup);
  const directory = (mount: CgroupMount | undefined, controller: string) => {
    const path = paths.get(controller);
    return mount && path !== undefined ? inMount(mount, wholeContainer(path, containerId)) : undefined;
  };
  const unified = directory(mounts.unified, '');
  const cpuacct = mounts.cpuacct && directory(mounts.cpuacct, 'cpuacct');
  const memory = mounts.memory && directory(mounts.memory, 'memory');
  return {
    ...cpuFile(cpuacct, unified),
    ...memoryFiles(memory, mounts.memory ? undefined : unified),
  };
}

function cpuFile(v1: string | undefined, v2: string | undefined): CgroupFiles {
  if (v1 !== undefined) return { cpu: `${v1}/cpuacct.usage` };
  return v2 === undefined ? {} : { cpu: `${v2}/cpu.stat` };
}

function memoryFiles(v1: string | undefined, v2: string | undefined): CgroupFiles {
  if (v1 !== undefined) return { memory: `${v1}/memory.usage_in_bytes`, memoryStat: `${v1}/memory.stat` };
  return v2 === undefined ? {} : { memory: `${v2}/memory.current`, memoryStat: `${v2}/memory.stat` };
}

/** Controller → path; the unified hierarchy stands under `''`. */
function parsePaths(procCgroup: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of procCgroup.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    for (const controller of match?.[1]?.split(',') ?? []) paths.set(controller, match?.[2] ?? '');
  }
  return paths;
}

/** A process may have moved into a group below the container's own (systemd, crun's `container`). */
function wholeContainer(path: string, containerId: string): string {
  const parts = path.split('/');
  const own = parts.findIndex((part) => part.includes(containerId));
  return own < 0 ? path : parts.slice(0, own + 1).join('/');
}

function inMount({ root, path }: CgroupMount, group: string): string {
  const below =
    root !== '/' && (group === root || group.startsWith(`${root}/`)) ? group.slice(root.length) : group;
  return below === '/' ? path : `${path}${below}`;
}
