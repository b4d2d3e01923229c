// `npm run test:podman`: e2e tests with the podman of Debian 13 (5.4, netavark 1.14, conmon 2.1.12) on a machine that has
// another one. Not part of `npm test`: the same tests, once more.
import { dirname, join } from 'node:path';
import { installNpmPackages, pinnedNode } from '../../scripts/bootstrap/npm-packages.js';
import { installSystemPackages, requireRoot, testPackages } from '../../scripts/bootstrap/system-packages.js';
import { curlArchive, mqttArchive, registryArchive } from '../support/guestbook/images.ts';
import { readArguments, type Task, USAGE } from './arguments.ts';
import { boardTree } from './board-tree.ts';
import { runInTree } from './enter.ts';

const root = join(import.meta.dirname, '../..');

/** Resolves with the exit code. */
async function main(words: readonly string[]): Promise<number> {
  let task: Task;
  try {
    task = readArguments(words, root);
  } catch (error) {
    process.stderr.write(`npm run test:podman: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  requireRoot('npm run test:podman');
  installNpmPackages(root, { dev: true });
  installSystemPackages(testPackages);
  const tree = await boardTree();
  await fetchImages();
  const node = pinnedNode(root) ?? process.execPath;
  const programFolders = [join(root, 'node_modules/.bin'), dirname(node)];
  const entry = { tree, root, programFolders, cgroups: task.cgroups };
  const prepare = [node, join(import.meta.dirname, 'prepare.ts')];
  return runInTree(entry, [...prepare, ...wordsOf(task.what, node)]);
}

function wordsOf(what: Task['what'], node: string): readonly string[] {
  return 'command' in what ? what.command : [node, join(root, 'scripts/test.js'), ...what.files];
}

/** There is no network in the tree. */
async function fetchImages(): Promise<void> {
  for (const fetchOne of [curlArchive, mqttArchive, registryArchive]) await fetchOne();
}

process.exitCode = await main(process.argv.slice(2));
