// `npm run test:podman`: e2e tests with the podman of Debian 13 (5.4, netavark 1.14, conmon 2.1.12) on a machine that has
// another one. Not part of `npm test`: the same tests, once more.
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { installNpmPackages, pinnedNode } from '../../scripts/bootstrap/npm-packages.js';
import { installSystemPackages, requireRoot, testPackages } from '../../scripts/bootstrap/system-packages.js';
import { curlArchive, mqttArchive, registryArchive } from '../support/guestbook/images.ts';
import { readArguments, type Task, USAGE } from './arguments.ts';
import { boardTree } from './board-tree.ts';
import { type Entry, runInTree } from './enter.ts';
import { runInMachine, whyNoMachine } from './machine/virtual-machine.ts';

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
  const missing = task.place === 'virtual machine' && whyNoMachine(process.arch, isProgram);
  if (missing) {
    process.stderr.write(`npm run test:podman: ${missing}\n`);
    return 1;
  }
  installNpmPackages(root, { dev: true });
  installSystemPackages(testPackages);
  await fetchImages();
  return task.place === 'virtual machine' ? runEmulated(task.what) : runInNamespaces(task.place, task.what);
}

async function runInNamespaces(cgroups: Entry['cgroups'], what: Task['what']): Promise<number> {
  const tree = await boardTree();
  const node = pinnedNode(root) ?? process.execPath;
  const programFolders = [join(root, 'node_modules/.bin'), dirname(node)];
  const entry = { tree, root, programFolders, cgroups };
  return runInTree(entry, wordsOf(what));
}

function runEmulated(what: Task['what']): Promise<number> {
  const node = relative(root, pinnedNode(root) ?? '');
  const programFolders = ['node_modules/.bin', dirname(node)];
  return runInMachine({ root, programFolders }, wordsOf(what));
}

/** In the checkout, with the pinned Node as `node`. */
function wordsOf(what: Task['what']): readonly string[] {
  const prepare = ['node', 'test/newer-podman/prepare.ts'];
  return [...prepare, ...('command' in what ? what.command : ['node', 'scripts/test.js', ...what.files])];
}

/** There is no network in the tree. */
async function fetchImages(): Promise<void> {
  for (const fetchOne of [curlArchive, mqttArchive, registryArchive]) await fetchOne();
}

function isProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

process.exitCode = await main(process.argv.slice(2));
