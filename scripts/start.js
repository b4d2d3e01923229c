// `npm start`: brings a fresh machine to what the cluster needs, then hands over to src/bin/start.ts.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNpmPackages, pinnedNode } from './bootstrap/npm-packages.js';
import { hand, refuse } from './bootstrap/run.js';
import { boardPackages, installSystemPackages, requireRoot } from './bootstrap/system-packages.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const onlyHelp = args.includes('--help') || args.includes('-h');
try {
  if (!onlyHelp) requireRoot('npm start');
  installNpmPackages(root, { dev: false });
  if (!onlyHelp) installSystemPackages(boardPackages);
} catch (error) {
  refuse(`npm start: ${error.message}`);
}
process.exitCode = await hand(pinnedNode(root), [join(root, 'src/bin/start.ts'), ...args]);
