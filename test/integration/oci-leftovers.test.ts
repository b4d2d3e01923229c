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
    const parent = join(hierarchy, 'libpod_parent');
    const cgroup = join(parent, `libpod-test-${process.pid}`);
    const isNew = !existsSync(parent);
    await mkdir(cgroup, { recursive: true });
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    t.teardown(async () => {
      child.kill('SIGKILL');
      if (existsSync(cgroup)) await rmdir(cgroup);
      if (isNew) await rmdir(parent);
    });
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await writeFile(join(cgroup, 'cgroup.procs'), `${child.pid}`);
    const leftovers = new OciLeftovers({
      ociRuntime: 'runc',
      storageRoot: '/none',
      stateFolder: '/none',
      logger: silentLogger,
    });
    await leftovers.clear(`test-${process.pid}`);
    t.equal(await ended, 'SIGKILL');
    t.notOk(existsSync(cgroup));
  },
);
