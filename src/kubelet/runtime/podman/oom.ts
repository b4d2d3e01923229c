// Whether the kernel killed for memory, read from cgroup files: podman 4.3 under cgroup v1 never says so.

/**
 * Where the counter of a container's kills may be: under cgroup v1 or v2, made by cgroupfs or by systemd. The name
 * comes from podman, so it is known before the process is, which may live for milliseconds only.
 */
export function oomCounterFiles(containerId: string): string[] {
  const groups = [`libpod_parent/libpod-${containerId}`, `machine.slice/libpod-${containerId}.scope`];
  return groups.flatMap((group) => [
    `/sys/fs/cgroup/memory/${group}/memory.oom_control`,
    `/sys/fs/cgroup/${group}/memory.events`,
  ]);
}

/** Whether the text of that file counts at least one kill. */
export function hasOomKill(counters: string): boolean {
  return Number(/^oom_kill (\d+)$/m.exec(counters)?.[1] ?? 0) > 0;
}
