// Brings node_modules to what package-lock.json says, and only when it is not there yet.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';

/** Packages of the lock file that are missing or of another version. `optional` ones may be absent. */
export function missingPackages(root, { dev }) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path && !entry.optional && (dev || !entry.dev) && !entry.link)
    .filter(([path, entry]) => installedVersion(join(root, path)) !== entry.version)
    .map(([path]) => path);
}

/** The Node that this project pins, or undefined before it is installed. */
export function pinnedNode(root) {
  const path = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  return existsSync(path) ? path : undefined;
}

export function installNpmPackages(root, { dev }) {
  if (missingPackages(root, { dev }).length === 0 && pinnedNode(root)) return;
  console.log(`Installing npm packages${dev ? ' (with those for tests)' : ''} …`);
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...(dev ? [] : ['--omit=dev'])];
  if (npm) run(process.execPath, [npm, ...args], { cwd: root });
  else run('npm', args, { cwd: root });
  const missing = missingPackages(root, { dev });
  if (missing.length > 0)
    throw new Error(`npm left out ${missing.slice(0, 3).join(', ')}: run 'npm ci' and read what it says`);
  if (!pinnedNode(root))
    throw new Error(
      `there is no pinned Node for ${process.platform}-${process.arch}: 64-bit ARM and x86-64 Linux only`,
    );
}

function installedVersion(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
