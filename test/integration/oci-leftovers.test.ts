// What a killed OCI runtime leaves in the kernel, on its real cgroups.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { OciLeftovers } from '../../src/kubelet/runtime/podman/oci-leftovers.ts';

const ROOT = '/sys/fs/cgroup';
const rootOnly = process.getuid?.() === 0 ? {} : { skip: 'needs root to make cgroups' };
/** Under cgroup v1 one of several. */
const hierarchy = existsSync(join(ROOT, 'memory')) ? join(ROOT, 'memory') : ROOT;

t.test(
  'a process that still is in the cgroup of a container that is gone ends, and the cgroup goes',
  rootOnly,
  async (t) => {
    // Away from podman's own, which other tests may be at work with.
    const cgroupFolder = join(hierarchy, `edge-cluster-test-${process.pid}`);
    const parent = join(cgroupFolder, 'libpod_parent');
    const cgroup = join(parent, 'libpod-test');
    await mkdir(cgroup, { recursive: true });
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    t.teardown(async () => {
      child.kill('SIGKILL');
      for (const path of [cgroup, parent, cgroupFolder]) if (existsSync(path)) await rmdir(path);
    });
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await writeFile(join(cgroup, 'cgroup.procs'), `${child.pid}`);
    const leftovers = new OciLeftovers({
      ociRuntime: 'runc',
      storageRoot: '/none',
      stateFolder: '/none',
      cgroupFolder,
      logger: silentLogger,
    });
    await leftovers.clear('test');
    t.equal(await ended, 'SIGKILL');
    t.notOk(existsSync(cgroup));
  },
);
