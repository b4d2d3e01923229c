// What `npm run test:podman` is told to run in the tree.
import { globSync } from 'node:fs';

export const USAGE = `npm run test:podman -- [--crun] [FILE…]        e2e test files; without one, those that podman matters to
npm run test:podman -- [--crun] --run COMMAND…  another command there, such as: --run bash
--crun: with cgroup v2 alone, and so with crun; what v2 has no controllers for on this machine is left out
`;

/** The e2e tests that show podman's own behaviour, on one board and on several. */
const podmanTests = [
  'runtime-podman',
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

export interface Task {
  /** Files of tests, or another command. */
  what: { files: readonly string[] } | { command: readonly string[] };
  cgroups: 'as on the machine' | 'v2 alone';
}

/** Throws for what is no test file in `root`, and for `--run` without a command. */
export function readArguments(words: readonly string[], root: string): Task {
  const isCrun = words[0] === '--crun';
  const cgroups = isCrun ? 'v2 alone' : 'as on the machine';
  return { cgroups, what: whatToRun(isCrun ? words.slice(1) : words, root) };
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
