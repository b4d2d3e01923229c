// Starts a TypeScript program on the Node that this project pins, whatever Node started this file.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
/** The first Node that runs TypeScript as it is, and what this project is tested with. */
const NEEDED_MAJOR = 24;

export async function launch(program) {
  const path = join(here, program);
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) {
    await import(pathToFileURL(path).href);
    return;
  }
  const pinned = join(here, `../../node_modules/node-linux-${process.arch}/bin/node`);
  if (!existsSync(pinned)) {
    console.error(
      `error: Node ${process.versions.node} is too old and the pinned one is not installed: run npm ci`,
    );
    process.exit(1);
  }
  const child = spawn(pinned, [path, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
}
