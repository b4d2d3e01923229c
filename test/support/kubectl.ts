// A real kubectl for the tests: the machine's own, or Debian's, unpacked and not installed.
import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { fromOwnSuites, fromSuite } from './debian-packages.ts';

/** Debian 13 and later have `kubectl`; Debian 12 has it in `kubernetes-client`. */
export async function kubectlPath(): Promise<string> {
  for (const path of ['/usr/bin/kubectl', '/usr/local/bin/kubectl']) {
    if (await stat(path).catch(() => undefined)) return path;
  }
  const { root, missing } = await fromOwnSuites('kubectl', 'kubernetes-client');
  if (root === undefined) throw new Error(missing);
  return join(root, 'usr/bin/kubectl');
}

export interface KubectlResult {
  code: number;
  out: Buffer;
  err: string;
}

/** Debian 12's kubectl, which speaks SPDY where newer ones speak WebSocket; `undefined` where apt does not have it. */
export async function oldKubectlPath(): Promise<string | undefined> {
  const { root } = await fromOwnSuites('kubernetes-client');
  return root && join(root, 'usr/bin/kubectl');
}

/** The kubectl of a release of Debian, whatever this machine's is; `missing` says why it cannot be had. */
export async function debianKubectl(
  suite: 'trixie' | 'sid',
): Promise<{ path: string; missing?: undefined } | { path?: undefined; missing: string }> {
  const { root, missing } = await fromSuite(suite, 'kubectl');
  return root === undefined ? { missing } : { path: join(root, 'usr/bin/kubectl') };
}

/** A kubectl at work for a test: with a home of its own, its input open until it is ended. */
export function startKubectl(
  path: string,
  home: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const all = ['--kubeconfig', join(home, 'config'), ...args];
  return spawn(path, all, { env: { HOME: home, PATH: process.env.PATH, ...env }, stdio: 'pipe' });
}

/** Runs it to its end with a terminal of this size for its input and outputs; these are in `out`. */
export async function runInTerminal(
  path: string,
  home: string,
  args: readonly string[],
  size: { rows: number; columns: number },
): Promise<KubectlResult> {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  const line = [path, '--kubeconfig', join(home, 'config'), ...args].map(quote).join(' ');
  const script = `stty rows ${size.rows} cols ${size.columns}; exec ${line}`;
  const child = spawn('script', ['-qec', script, '/dev/null'], {
    env: { HOME: home, PATH: process.env.PATH, SHELL: '/bin/sh' },
    stdio: 'pipe',
  });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const [out, err] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  return { code: await ended, out, err };
}

/** Everything that a program has written so far, of both outputs. */
export function outputOf(child: ChildProcess): () => string {
  let seen = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      seen += chunk;
    });
  }
  return () => seen;
}

/** Runs it to its end with this input. */
export async function runKubectl(
  path: string,
  home: string,
  args: readonly string[],
  input: string | Uint8Array = '',
  env: NodeJS.ProcessEnv = {},
): Promise<KubectlResult> {
  const child = startKubectl(path, home, args, env);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const [out, err] = await Promise.all([buffer(child.stdout as Readable), text(child.stderr as Readable)]);
  return { code: await ended, out, err };
}
