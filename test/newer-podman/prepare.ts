// In the tree, before the command: the demo's image from the tree's own busybox, as there is no network to fetch it by.
import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDemoImage } from '../../src/bin/demo/demo-image.ts';

const work = await mkdtemp('/tmp/edge-cluster-demo-');
const folder = join(work, 'busybox-static/usr/bin');
await mkdir(folder, { recursive: true });
await copyFile('/usr/bin/busybox', join(folder, 'busybox'));
await ensureDemoImage(work);
await rm(work, { recursive: true });

const [program = '', ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 127;
});
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
