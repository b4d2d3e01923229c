// Whether this machine can bound containers at all: on one whose controllers are those of cgroup v1, the tree of v2 that
// `npm run test:podman -- --crun` shows to podman has none.
import { readFileIfPresent } from '../../src/base/if-present.ts';

/** Why a test of limits is left out; `false` where it is not. */
export async function noLimits(): Promise<string | false> {
  const controllers = await readFileIfPresent('/sys/fs/cgroup/cgroup.controllers');
  if (controllers === undefined || controllers.split(/\s+/).includes('memory')) return false;
  return 'this machine has no memory controller in cgroup v2';
}
