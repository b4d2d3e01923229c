// Runs `ip` (iproute2) for the pods' network: on the board, or in the network namespace of a process.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Link } from './pod-links.ts';

/** In the new namespace, for what will be plugged in: what another pod says of IPv6 routers is not believed. */
const QUIETLY = 'f=/proc/sys/net/ipv6/conf/default/accept_ra; [ ! -w $f ] || echo 0 > $f; exec ip -batch -';

/** Runs the lines one after another and rejects with what `ip` said of the first that failed. */
export async function ip(lines: readonly string[]): Promise<void> {
  await run('ip', ['-batch', '-'], lines);
}

/** As ip(), in the network namespace of the process `pid`. */
export async function inNamespace(pid: number, lines: readonly string[]): Promise<void> {
  await run('nsenter', [`--net=/proc/${pid}/ns/net`, 'sh', '-c', QUIETLY], lines);
}

/** All interfaces of the board. */
export async function links(): Promise<Link[]> {
  return JSON.parse(await run('ip', ['-json', '-details', 'address', 'show'], []));
}

async function run(program: string, args: readonly string[], lines: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: 'pipe' });
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program that ends before it has read them says why on standard error.
  child.stdin.on('error', () => undefined);
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const [output, words, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), code]);
  if (exitCode !== 0) throw new Error(`${program}: ${words.trim() || `exit code ${exitCode}`}`);
  return output;
}
