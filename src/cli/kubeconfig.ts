// Finds and reads the kubeconfig: --kubeconfig, KUBECONFIG, ~/.kube/config, then the cluster's own files.
// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { HttpConnectionOptions } from '../client/http-connection.ts';
import { CliError } from './cli-error.ts';
import type { Io } from './io.ts';

/** Everything that a connection needs. */
export interface ClusterAccess extends Omit<HttpConnectionOptions, 'onWarning' | 'timeoutMs'> {
  /** The context's namespace; `default` when it names none. */
  namespace: string;
}

interface ClusterEntry {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
}

interface UserEntry {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  exec?: unknown;
}

interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
}

interface Kubeconfig {
  'current-context'?: string;
  clusters?: { name: string; cluster?: ClusterEntry }[] | null;
  users?: { name: string; user?: UserEntry }[] | null;
  contexts?: { name: string; context?: ContextEntry }[] | null;
}

/** One entry, and the folder that its relative file names start from. */
interface Located<T> {
  entry: T;
  folder: string;
}

interface Merged {
  currentContext: string | undefined;
  clusters: Map<string, Located<ClusterEntry>>;
  users: Map<string, Located<UserEntry>>;
  contexts: Map<string, Located<ContextEntry>>;
}

export interface KubeconfigChoice {
  /** A file named on the command line: only this one is read. */
  path?: string;
  context?: string;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why =
      code === 'EACCES' ? 'permission denied; run as the user that owns it' : (error as Error).message;
    throw new CliError(`cannot read the kubeconfig ${path}: ${why}`);
  }
}

async function parse(text: string, path: string): Promise<Kubeconfig> {
  const { default: yaml } = await import('yaml');
  try {
    const value: unknown = text.trimStart().startsWith('{') ? JSON.parse(text) : yaml.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    return {};
  } catch (error) {
    throw new CliError(
      `the kubeconfig ${path} is not valid YAML: ${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}`,
    );
  }
}

/** What is no list of entries counts as none of them, so that the error is about what is missing. */
const listed = <T>(entries: readonly T[] | null | undefined): T[] =>
  Array.isArray(entries) ? entries.filter((entry) => typeof entry === 'object' && entry !== null) : [];

/** What came first wins, as kubectl merges the files of KUBECONFIG. */
function merge(into: Merged, config: Kubeconfig, folder: string): void {
  const add = <T>(map: Map<string, Located<T>>, name: string, entry: T | undefined) => {
    if (!map.has(name) && entry) map.set(name, { entry, folder });
  };
  into.currentContext ||= config['current-context'];
  for (const { name, cluster } of listed(config.clusters)) add(into.clusters, name, cluster);
  for (const { name, user } of listed(config.users)) add(into.users, name, user);
  for (const { name, context } of listed(config.contexts)) add(into.contexts, name, context);
}

async function load(paths: readonly string[]): Promise<Merged> {
  const merged: Merged = {
    currentContext: undefined,
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
  };
  for (const path of paths) {
    const text = await readIfThere(path);
    if (text !== undefined) merge(merged, await parse(text, path), dirname(path));
  }
  return merged;
}

/** Groups of files in the order they are tried; the first group with a context in it is used. */
function candidates(io: Io): string[][] {
  const named = (io.env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  const own = ['.edge/admin.kubeconfig', '/var/lib/edge-cluster/master/admin.kubeconfig'];
  const groups =
    named.length > 0 ? [named] : [[join(io.homeDirectory, '.kube/config')], ...own.map((path) => [path])];
  return groups.map((paths) => paths.map((path) => resolve(io.workingDirectory, path)));
}

async function find(io: Io, choice: KubeconfigChoice): Promise<Merged> {
  const groups = choice.path ? [[resolve(io.workingDirectory, choice.path)]] : candidates(io);
  for (const paths of groups) {
    const merged = await load(paths);
    if (merged.contexts.size > 0) return merged;
  }
  const looked = groups.flat().join(', ');
  throw new CliError(
    `no kubeconfig with a context found (looked at ${looked}): start a cluster with 'npm start', or name the file with --kubeconfig or KUBECONFIG`,
  );
}

async function pem(
  data: string | undefined,
  file: string | undefined,
  folder: string,
): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  if (!file) return undefined;
  const path = resolve(folder, file);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${path}, which the kubeconfig names: ${(error as Error).message}`);
  }
}

/** TLS would say it in words of its library, and only once it connects. */
function checkPair(cert: string | undefined, key: string | undefined, user: string): void {
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new CliError(
      `the client certificate or key of user "${user}" in the kubeconfig is damaged, or they do not belong together: copy the kubeconfig anew`,
    );
  }
}

async function credentials(
  { entry, folder }: Located<UserEntry>,
  user: string,
): Promise<Partial<ClusterAccess>> {
  const certPem = await pem(entry['client-certificate-data'], entry['client-certificate'], folder);
  const keyPem = await pem(entry['client-key-data'], entry['client-key'], folder);
  checkPair(certPem, keyPem, user);
  const token = entry.token ?? (await pem(undefined, entry.tokenFile, folder))?.trim();
  if (entry.exec && !certPem && !token) {
    throw new CliError(
      `user "${user}" of the kubeconfig uses an exec plugin, which edgectl does not run: give it a certificate or a token`,
    );
  }
  return {
    ...(certPem ? { certPem } : {}),
    ...(keyPem ? { keyPem } : {}),
    ...(token ? { bearerToken: token } : {}),
  };
}

function lookUp<T>(map: Map<string, Located<T>>, what: string, name: string | undefined): Located<T> {
  const found = name === undefined ? undefined : map.get(name);
  if (found) return found;
  const known = [...map.keys()].join(', ') || 'none';
  throw new CliError(`the kubeconfig has no ${what} "${name ?? ''}": it has ${known}`);
}

/** Without a slash at its end: paths are put behind it. */
function serverAddress(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text.replace(/\/$/, '');
  throw new CliError(`the kubeconfig's server ${text} is not an https:// address: mend it there`);
}

/** Rejects with a CliError that says which file or entry is missing and what to do. */
export async function loadClusterAccess(io: Io, choice: KubeconfigChoice): Promise<ClusterAccess> {
  const config = await find(io, choice);
  const contextName = choice.context ?? config.currentContext;
  if (!contextName) {
    const known = [...config.contexts.keys()].join(', ');
    throw new CliError(`the kubeconfig has no current-context: choose one with --context (it has ${known})`);
  }
  const context = lookUp(config.contexts, 'context', contextName).entry;
  const { entry: cluster, folder } = lookUp(config.clusters, 'cluster', context.cluster);
  if (!cluster.server) throw new CliError(`cluster "${context.cluster}" of the kubeconfig names no server`);
  const caPem = await pem(cluster['certificate-authority-data'], cluster['certificate-authority'], folder);
  const user = context.user
    ? await credentials(lookUp(config.users, 'user', context.user), context.user)
    : {};
  return {
    server: serverAddress(cluster.server),
    namespace: context.namespace || 'default',
    ...(caPem ? { caPem } : {}),
    ...(cluster['insecure-skip-tls-verify'] ? { insecureSkipTlsVerify: true } : {}),
    ...(cluster['tls-server-name'] ? { tlsServerName: cluster['tls-server-name'] } : {}),
    ...user,
  };
}
