// Exits of containers noticed through real inotify and real processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLogger } from '../../src/base/logger.ts';
import { Exits } from '../../src/kubelet/runtime/podman/exits.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

const id = 'a'.repeat(64);

async function exits(t: Test, isFolderThere = true) {
  const parent = await mkdtemp(join(tmpdir(), 'edge-exits-'));
  const exitsDir = join(parent, 'exits');
  if (isFolderThere) await mkdir(exitsDir);
  const clock = new FakeClock();
  const ended: string[] = [];
  const watched = new Exits({ exitsDir, clock, logger: silentLogger, onExit: (which) => ended.push(which) });
  await watched.start();
  t.teardown(async () => {
    await watched.stop();
    await rm(parent, { recursive: true, force: true });
  });
  return { watched, clock, ended, exitsDir };
}

/** As conmon does it: a complete file appears under the id, and soon goes. */
async function writeExit(exitsDir: string, which: string): Promise<void> {
  await writeFile(join(exitsDir, `${which}.tmp`), '0');
  await rename(join(exitsDir, `${which}.tmp`), join(exitsDir, which));
  await rm(join(exitsDir, which));
}

t.test('an exit file of a followed container is told once, one of others never', async (t) => {
  const { watched, ended, exitsDir } = await exits(t);
  watched.follow(id);
  await writeExit(exitsDir, 'b'.repeat(64));
  await writeExit(exitsDir, id);
  await eventually(() => ended.length > 0);
  await writeExit(exitsDir, id);
  watched.follow('c'.repeat(64));
  await writeExit(exitsDir, 'c'.repeat(64));
  await eventually(() => ended.length > 1);
  t.strictSame(ended, [id, 'c'.repeat(64)]);
});

t.test('a forgotten container is not told', async (t) => {
  const { watched, ended, exitsDir } = await exits(t);
  watched.follow(id);
  watched.forget(id);
  await writeExit(exitsDir, id);
  watched.follow('c'.repeat(64));
  await writeExit(exitsDir, 'c'.repeat(64));
  await eventually(() => ended.length > 0);
  t.strictSame(ended, ['c'.repeat(64)]);
});

t.test('a process that ends without an exit file is found by the slow check', async (t) => {
  const { watched, clock, ended } = await exits(t);
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  watched.follow(id, child.pid);
  await clock.advance(10_000);
  t.strictSame(ended, []);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await clock.advance(10_000);
  t.strictSame(ended, [id]);
});

t.test('a folder that appears later is watched from the next check on', async (t) => {
  const { watched, clock, ended, exitsDir } = await exits(t, false);
  watched.follow(id);
  await mkdir(exitsDir);
  await clock.advance(10_000);
  await writeExit(exitsDir, id);
  await eventually(() => ended.length > 0);
  t.strictSame(ended, [id]);
});
