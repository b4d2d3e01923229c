// edgectl cp: files between here and a container, as a tar archive through exec on one side and this machine's
// tar on the other. As with kubectl, the container must have a tar.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { basename, dirname, posix, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { containerOf, podNameOf } from './pod-argument.ts';
import { runRemote } from './remote-process.ts';

export interface CpFlags {
  container?: string;
}

/** A path in a pod: `[NAMESPACE/]POD:PATH`. */
interface PodPath {
  key: string;
  path: string;
}

/** `edgectl cp FROM TO`, one of which is in a pod. */
export async function cp(context: CommandContext, args: readonly string[], flags: CpFlags): Promise<number> {
  const [from = '', to = ''] = args;
  const [source, target] = [podPath(context, from), podPath(context, to)];
  if (source && target) throw new CliError('one side of cp must be on this machine');
  if (target) return upload(context, resolve(context.io.workingDirectory, from), target, flags);
  if (source) return download(context, source, resolve(context.io.workingDirectory, to), flags);
  throw new CliError("say where in a pod: 'edgectl cp FILE POD:PATH' or 'edgectl cp POD:PATH FILE'");
}

/** What begins with `/` or `.` is a path here, with a colon in it too. */
function podPath({ namespace }: CommandContext, argument: string): PodPath | undefined {
  const colon = argument.indexOf(':');
  if (colon < 1 || /^[./]/.test(argument)) return undefined;
  const [pod, path] = [argument.slice(0, colon), argument.slice(colon + 1)];
  if (path === '') throw new CliError(`"${argument}" does not say where in the pod: write ${pod}:/path`);
  const slash = pod.indexOf('/');
  const [space, name] = slash < 0 ? [namespace, pod] : [pod.slice(0, slash), pod.slice(slash + 1)];
  return { key: `${space}/${podNameOf(name)}`, path };
}

async function upload(
  context: CommandContext,
  file: string,
  { key, path }: PodPath,
  flags: CpFlags,
): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (!found) throw new CliError(`there is no ${file} here`);
  const container = await containerOf(context, key, flags.container);
  const isFolder = path.endsWith('/') || (await isFolderThere(context, key, container, path));
  const directory = isFolder ? path : posix.dirname(path);
  const name = isFolder ? basename(file) : posix.basename(path);
  const rename = `s,^${escapePattern(basename(file))},${escapeReplacement(name)},S`;
  const local = startTar(['-cf', '-', '-C', dirname(file), '--transform', rename, '--', basename(file)]);
  const command = ['tar', '-xmf', '-', '-C', directory];
  // Node drops what nobody reads of a child that has exited, and a small archive is there before the connection.
  const archive = local.stdout?.pipe(new PassThrough());
  const streams = { stdin: archive, out: discard, err: told(context) };
  const code = await runRemote(
    context,
    { pod: key, subresource: 'exec', container, command, tty: false },
    streams,
  );
  if (code !== 0) local.kill();
  return outcome(context, code, await tarEnd(local), path);
}

async function download(
  context: CommandContext,
  { key, path }: PodPath,
  file: string,
  flags: CpFlags,
): Promise<number> {
  const container = await containerOf(context, key, flags.container);
  const isFolder = (await stat(file).catch(() => undefined))?.isDirectory() ?? false;
  const directory = isFolder ? file : dirname(file);
  const source = posix.basename(path);
  const name = isFolder ? source : basename(file);
  const rename = `s,^${escapePattern(source)},${escapeReplacement(name)},S`;
  const local = startTar(['-xmf', '-', '-C', directory, '--no-same-owner', '--transform', rename]);
  const command = ['tar', '-cf', '-', '-C', posix.dirname(path), source];
  const streams = { out: writer(local), err: told(context) };
  const code = await runRemote(
    context,
    { pod: key, subresource: 'exec', container, command, tty: false },
    streams,
  );
  local.stdin?.end();
  return outcome(context, code, await tarEnd(local), path);
}

async function isFolderThere(
  context: CommandContext,
  pod: string,
  container: string,
  path: string,
): Promise<boolean> {
  const request = { pod, subresource: 'exec', container, command: ['test', '-d', path], tty: false } as const;
  return (await runRemote(context, request, { out: discard, err: discard })) === 0;
}

/** GNU tar refuses names that lead out of its folder, and makes links only when all else is there. */
function startTar(args: string[]): ChildProcess {
  const child = spawn('tar', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin?.on('error', () => undefined);
  return child;
}

function writer({ stdin }: ChildProcess): (bytes: Uint8Array) => Promise<void> {
  return (bytes) => new Promise((taken) => stdin?.write(bytes, () => taken()));
}

async function tarEnd(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return child.exitCode;
  if (child.signalCode !== null) return 1;
  const [code] = await once(child, 'exit');
  return Number(code ?? 1);
}

function outcome(context: CommandContext, there: number, here: number, path: string): number {
  if (there === 0 && here === 0) return 0;
  context.io.err(
    `error: ${path} was not copied whole: tar ended with ${there} in the container and ${here} here`,
  );
  return 1;
}

const told = (context: CommandContext) => async (bytes: Uint8Array) =>
  context.io.err(Buffer.from(bytes).toString('utf8').trimEnd());
const discard = async () => {};
const escapePattern = (text: string) => text.replace(/[.*[\]\\^$,]/g, '\\$&');
const escapeReplacement = (text: string) => text.replace(/[&\\,]/g, '\\$&');
