// What `npm run test:podman5` is told to run in the tree.
import { globSync } from 'node:fs';

export const USAGE = `npm run test:podman5 -- [FILE…]            e2e test files; without one, those that podman matters to
npm run test:podman5 -- --run COMMAND…     another command there, such as: --run bash
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

export type Task = { files: readonly string[] } | { command: readonly string[] };

/** Throws for what is no test file in `root`, and for `--run` without a command. */
export function readArguments(words: readonly string[], root: string): Task {
  if (words[0] === '--run') {
    if (words.length === 1) throw new Error('--run needs a command');
    return { command: words.slice(1) };
  }
  const missing = words.find((word) => globSync(word, { cwd: root }).length === 0);
  if (missing) throw new Error(`there is no test file ${missing}`);
  return { files: words.length > 0 ? words : podmanTests };
}
