// Texts of /proc as the kernel writes them: proc_pid_mountinfo(5), cgroups(7).
import t from 'tap';
import { cgroupFiles, parseCgroupMounts } from '../../../../src/kubelet/metrics/cgroup-mounts.ts';

const ID = 'f00dcafe';
const unifiedMount = '35 24 0:29 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
const v1Mounts = [
  '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
];

t.test('cgroup v2: both counters are in the one group', (t) => {
  const files = cgroupFiles(parseCgroupMounts(unifiedMount), `0::/machine.slice/libpod-${ID}.scope\n`, ID);
  const group = `/sys/fs/cgroup/machine.slice/libpod-${ID}.scope`;
  t.same(files, {
    cpu: `${group}/cpu.stat`,
    memory: `${group}/memory.current`,
    memoryStat: `${group}/memory.stat`,
  });
  t.end();
});

t.test('cgroup v1: each controller has its own tree', (t) => {
  const paths = `4:memory:/libpod_parent/libpod-${ID}\n2:cpu,cpuacct:/libpod_parent/libpod-${ID}\n`;
  const files = cgroupFiles(parseCgroupMounts(v1Mounts.join('\n')), paths, ID);
  t.same(files, {
    cpu: `/sys/fs/cgroup/cpu,cpuacct/libpod_parent/libpod-${ID}/cpuacct.usage`,
    memory: `/sys/fs/cgroup/memory/libpod_parent/libpod-${ID}/memory.usage_in_bytes`,
    memoryStat: `/sys/fs/cgroup/memory/libpod_parent/libpod-${ID}/memory.stat`,
  });
  t.end();
});

t.test('hybrid: the controllers of v1 are where they are mounted, the rest is unified', (t) => {
  const unified = '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw';
  const mounts = parseCgroupMounts([v1Mounts[1], unified].join('\n'));
  const files = cgroupFiles(mounts, `4:memory:/a/libpod-${ID}\n0::/b/libpod-${ID}\n`, ID);
  t.equal(files.cpu, `/sys/fs/cgroup/unified/b/libpod-${ID}/cpu.stat`);
  t.equal(files.memory, `/sys/fs/cgroup/memory/a/libpod-${ID}/memory.usage_in_bytes`);
  t.end();
});

t.test('a process in a group below its container counts as the whole container', (t) => {
  const mounts = parseCgroupMounts(unifiedMount);
  const files = cgroupFiles(mounts, `0::/machine.slice/libpod-${ID}.scope/container/app\n`, ID);
  t.equal(files.cpu, `/sys/fs/cgroup/machine.slice/libpod-${ID}.scope/cpu.stat`);
  t.end();
});

t.test('a tree of which only a part is mounted is read below its mount', (t) => {
  const mounts = parseCgroupMounts('35 24 0:29 /lxc/pi /sys/fs/cgroup rw - cgroup2 cgroup2 rw');
  t.equal(cgroupFiles(mounts, `0::/lxc/pi/libpod-${ID}\n`, ID).cpu, `/sys/fs/cgroup/libpod-${ID}/cpu.stat`);
  t.end();
});

t.test('what the kernel does not count has no file', (t) => {
  t.same(cgroupFiles({}, `0::/x/${ID}\n`, ID), {});
  t.end();
});
