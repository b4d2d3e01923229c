// What `npm run test:podman` is told to run in the tree.
import { globSync } from 'node:fs';

export const USAGE = `npm run test:podman -- [--crun|--vm] [FILE…]        e2e test files; without one, those that podman matters to
npm run test:podman -- [--crun|--vm] --run COMMAND…  another command there, such as: --run bash
--crun: with cgroup v2 alone, and so with crun; what v2 has no controllers for on this machine is left out
--vm: in a virtual machine of its own (QEMU, emulated: slow): systemd, a kernel of Debian 13, cgroup v2 with all controllers
`;

/** The e2e tests that show podman's own behaviour, on one board and on several. */
const podmanTests = [
  'runtime-podman',
  'runtime-podman-network',
  'runtime-podman-pods',
  'pod-life',
  'pod-probes',
  'pod-trouble',
  'volumes',
  'streams',
  'images',
  'alone',
  'storage-damage',
  'disk-full',
  'faults',
  'uninstall',
].map((name) => `test/e2e/${name}.test.ts`);

/** Namespaces of this machine, with its cgroups or with cgroup v2 alone, or a virtual machine. */
export type Place = 'as on the machine' | 'v2 alone' | 'virtual machine';

export interface Task {
  /** Files of tests, or another command. */
  what: { files: readonly string[] } | { command: readonly string[] };
  place: Place;
}

const places: Readonly<Record<string, Place>> = { '--crun': 'v2 alone', '--vm': 'virtual machine' };

/** Throws for what is no test file in `root`, and for `--run` without a command. */
export function readArguments(words: readonly string[], root: string): Task {
  const place = places[words[0] ?? ''];
  const rest = place ? words.slice(1) : words;
  return { place: place ?? 'as on the machine', what: whatToRun(rest, root) };
}

function whatToRun(words: readonly string[], root: string): Task['what'] {
  if (words[0] === '--run') {
    if (words.length === 1) throw new Error('--run needs a command');
    return { command: words.slice(1) };
  }
  const missing = words.find((word) => globSync(word, { cwd: root }).length === 0);
  if (missing) throw new Error(`there is no test file ${missing}`);
  return { files: words.length > 0 ? words : podmanTests };
}
