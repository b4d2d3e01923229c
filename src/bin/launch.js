// Starts a TypeScript program on the Node that this project pins, whatever Node started this file, with the
// settings that keep it small. Plain JavaScript, as it may run on Node 18.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
/** The first Node that runs TypeScript as it is, and what this project is tested with. */
const NEEDED_MAJOR = 24;
/** Keeps the programs as JavaScript, so that the type stripper (some 20 MB) is loaded at the first start only. */
const compileCache = join(root, 'node_modules/.cache/edge-cluster');
/** A small young generation: garbage is collected earlier instead of kept resident. */
const smallHeap = '--max-semi-space-size=2';
/** The old one grows by half before all is collected: a crowd's garbage would else stay at rest. */
const slowGrowth = '--heap-growing-percent=50';
/** Patterns come from people (custom kinds, rules, Ingresses): one that backtracks for ever is run in linear time. */
const boundedPatterns = '--enable-experimental-regexp-engine-on-excessive-backtracks';
export const residentFlags = [smallHeap, slowGrowth, boundedPatterns];
/** One heap of the C library for all threads: free memory of each thread's own would stay resident. */
export const residentEnv = { MALLOC_ARENA_MAX: '1' };

const isNewEnough = Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR;

/** For commands that end soon: runs in this process where it can. */
export async function launchCommand(program) {
  if (!isNewEnough) return replaceBy(pinnedNode(), [], program);
  module.enableCompileCache(compileCache);
  await import(pathToFileURL(join(here, program)).href);
}

/** For programs that stay: a process of their own, with nothing left of this one where the system allows it. */
export function launchResident(program) {
  replaceBy(isNewEnough ? process.execPath : pinnedNode(), residentFlags, program, residentEnv);
}

function replaceBy(node, flags, program, extraEnv = {}) {
  const args = [...flags, join(here, program), ...process.argv.slice(2)];
  const env = { ...process.env, ...extraEnv, NODE_COMPILE_CACHE: compileCache };
  if (process.execve) process.execve(node, [node, ...args], env);
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
}

function pinnedNode() {
  const path = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (existsSync(path)) return path;
  console.error(
    `error: Node ${process.versions.node} is too old and the pinned one is not installed: run npm ci`,
  );
  return process.exit(1);
}
