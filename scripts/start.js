// The first half of `npm start`: brings a fresh machine to what the cluster needs. src/bin/start.js follows.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNpmPackages } from './bootstrap/npm-packages.js';
import { refuse } from './bootstrap/run.js';
import { boardPackages, installSystemPackages, requireRoot } from './bootstrap/system-packages.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  requireRoot('npm start');
  installNpmPackages(root, { dev: false });
  installSystemPackages(boardPackages);
} catch (error) {
  refuse(`npm start: ${error.message}`);
}
