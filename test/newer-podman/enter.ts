// Runs a command as if the machine were the tree: namespaces of its own for mounts, network and processes, the tree as
// root. All that it starts ends with it, and what it writes is gone, but for what it writes into the checkout.
import { spawn } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Place } from './arguments.ts';

/** On the disk, as podman's overlays do not lie in memory on a board either. */
const WORK_PREFIX = '/var/tmp/edge-cluster-tree-';

/**
 * `$1` the tree, `$2` the work folder, `$3` the folders to be seen in it (one a line), `$4` whether cgroup v2 is to stand alone,
 * `$5` what stands before crun where v2 has no controllers, then the command. The machine's root is
 * left by pivot_root, not by chroot: who enters the mount namespace would come out of the latter. /sys shows the new network
 * namespace, which has a LAN without anybody on it; catatonit reaps what boards leave to process 1.
 */
const SCRIPT = `
set -e
tree=$1 work=$2 folders=$3 cgroups=$4 shim=$5
shift 5
root=$work/root
mkdir -p $root $work/upper $work/overlay $work/tmp $work/var-tmp $work/containers
chmod 1777 $work/tmp $work/var-tmp
mount -t overlay -o lowerdir=$tree,upperdir=$work/upper,workdir=$work/overlay overlay $root
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
if [ "$cgroups" = 'v2 alone' ]; then
  mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
  if ! grep -qw memory $root/sys/fs/cgroup/cgroup.controllers; then
    mv $root/usr/bin/crun $root/usr/bin/crun.real
    cp "$shim" $root/usr/bin/crun
  fi
else
  mount --rbind /sys/fs/cgroup $root/sys/fs/cgroup
fi
mount --rbind /dev $root/dev
mount -t tmpfs tmpfs $root/dev/shm
mount -t tmpfs -o mode=755 tmpfs $root/run
mkdir -p $root/run/lock $root/run/netns $root/var/lib/containers $root/.outside
mount --bind $work/tmp $root/tmp
mount --bind $work/var-tmp $root/var/tmp
mount --bind $work/containers $root/var/lib/containers
echo "$folders" | while read -r folder; do
  mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
done
cat /etc/resolv.conf > $root/etc/resolv.conf
cat /etc/hosts > $root/etc/hosts
ip link set lo up
ip link add lan0 type veth peer name lan1
ip addr add 192.0.2.10/24 dev lan0
ip link set lan0 up
ip link set lan1 up
ip route add default via 192.0.2.1
echo 1 > /proc/sys/net/ipv4/ip_forward
cd $root
pivot_root . .outside
cd /
umount -l /.outside
exec /usr/bin/catatonit -- "$@"
`;

export interface Entry {
  tree: string;
  /** Of the checkout; it is the working directory. */
  root: string;
  /** Programs that are found by name, before the tree's own. */
  programFolders: readonly string[];
  cgroups: Exclude<Place, 'virtual machine'>;
}

/** Resolves with the exit code. */
export async function runInTree(
  { tree, root, programFolders, cgroups }: Entry,
  command: readonly string[],
): Promise<number> {
  const work = await mkdtemp(WORK_PREFIX);
  const own = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const inside = ['sh', '-c', 'cd "$0" && exec "$@"', root, ...command];
  const shim = join(import.meta.dirname, 'crun-without-limits.sh');
  const told = [tree, work, await folders(root), cgroups, shim];
  const args = [...namespaces, 'sh', '-c', SCRIPT, 'enter', ...told, ...inside];
  const env = { ...process.env, PATH: [...programFolders, own].join(':'), HOME: '/root', TMPDIR: '/tmp' };
  try {
    const child = spawn('unshare', args, { stdio: 'inherit', env });
    // From a terminal they all get it; the tests end what they started, and this waits for them.
    const hold = () => undefined;
    const end = () => child.kill('SIGKILL');
    process.on('SIGINT', hold).on('SIGTERM', end);
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode) => resolve(exitCode ?? 1));
    });
    process.off('SIGINT', hold).off('SIGTERM', end);
    return code;
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** node_modules and the cache may be links that lead out of the checkout. */
async function folders(root: string): Promise<string> {
  const links = await Promise.all(['node_modules', '.cache'].map((name) => realpath(join(root, name))));
  const outside = links.filter((path) => dirname(path) !== root);
  return [root, ...outside].join('\n');
}
