// A real kubectl for the tests: the machine's own, or Debian's, unpacked and not installed.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cacheDir = join(import.meta.dirname, '../../.cache/kubectl');
/** Debian 13 and later have `kubectl`; Debian 12 has it in `kubernetes-client`. */
const packages = ['kubectl', 'kubernetes-client'];

export async function kubectlPath(): Promise<string> {
  for (const path of ['/usr/bin/kubectl', '/usr/local/bin/kubectl', join(cacheDir, 'usr/bin/kubectl')]) {
    if (await stat(path).catch(() => undefined)) return path;
  }
  await mkdir(cacheDir, { recursive: true });
  const failures: unknown[] = [];
  for (const name of packages) {
    try {
      await run('apt-get', ['download', name], { cwd: cacheDir });
      break;
    } catch (error) {
      failures.push(error);
    }
  }
  const deb = (await readdir(cacheDir)).find((file) => file.endsWith('.deb'));
  if (!deb)
    throw new AggregateError(failures, `apt has neither of ${packages.join(', ')}: run apt-get update`);
  await run('dpkg-deb', ['-x', join(cacheDir, deb), cacheDir]);
  return join(cacheDir, 'usr/bin/kubectl');
}

export interface KubectlResult {
  code: number;
  out: Buffer;
  err: string;
}

/** Debian 12's kubectl, which speaks SPDY where newer ones speak WebSocket; `undefined` where apt does not have it. */
export async function oldKubectlPath(): Promise<string | undefined> {
  const directory = join(cacheDir, '../kubectl-1.20');
  const path = join(directory, 'usr/bin/kubectl');
  if (await stat(path).catch(() => undefined)) return path;
  await mkdir(directory, { recursive: true });
  try {
    await run('apt-get', ['download', 'kubernetes-client'], { cwd: directory });
  } catch {
    return undefined;
  }
  const deb = (await readdir(directory)).find((file) => file.endsWith('.deb'));
  if (!deb) return undefined;
  await run('dpkg-deb', ['-x', join(directory, deb), directory]);
  return path;
}

/** A kubectl at work for a test: with a home of its own, its input open until it is ended. */
export function startKubectl(path: string, home: string, args: readonly string[]): ChildProcess {
  const all = ['--kubeconfig', join(home, 'config'), ...args];
  return spawn(path, all, { env: { HOME: home, PATH: process.env.PATH }, stdio: 'pipe' });
}

/** Runs it to its end with this input. */
export async function runKubectl(
  path: string,
  home: string,
  args: readonly string[],
  input: string | Uint8Array = '',
): Promise<KubectlResult> {
  const child = startKubectl(path, home, args);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const [out, err] = await Promise.all([buffer(child.stdout as Readable), text(child.stderr as Readable)]);
  return { code: await ended, out, err };
}
