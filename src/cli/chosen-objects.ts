// The objects that a verb is to work on: named, from files, or all of a kind that carry labels. And how one is changed.
import type { KubeObject } from '../api/objects.ts';
import { objectPath, withQuery } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, keyIn } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { listObjects } from './list-pages.ts';
import { readManifests } from './manifests.ts';
import { parseTargets, type Target } from './targets.ts';

export interface ChoosingFlags {
  filename?: string[];
  recursive?: boolean;
  selector?: string;
  all?: boolean;
  allNamespaces?: boolean;
}

export interface Chosen {
  resource: Resource;
  key: string;
  name: string;
}

/** @throws CliError when nothing is chosen. */
export async function chooseObjects(
  context: CommandContext,
  args: readonly string[],
  flags: ChoosingFlags,
): Promise<Chosen[]> {
  if (flags.filename) return fromFiles(context, args, flags);
  const targets = await parseTargets(context.discovery, args);
  const chosen = await Promise.all(targets.map((target) => fromTarget(context, target, flags)));
  return chosen.flat();
}

async function fromFiles(
  context: CommandContext,
  args: readonly string[],
  flags: ChoosingFlags,
): Promise<Chosen[]> {
  if (args.length > 0) throw new CliError('names on the command line and -f exclude each other');
  const manifests = await readManifests(context.io, flags.filename ?? [], flags);
  return Promise.all(
    manifests.map(async ({ manifest, source }) => {
      const resource = await context.discovery.byKind(manifest.apiVersion, manifest.kind);
      const { name, namespace } = manifest.metadata;
      if (!name) throw new CliError(`${source}: metadata.name not set: say which object`);
      return { resource, name, key: keyIn(context, resource, name, namespace) };
    }),
  );
}

async function fromTarget(
  context: CommandContext,
  { resource, names }: Target,
  flags: ChoosingFlags,
): Promise<Chosen[]> {
  const isMany = Boolean(flags.selector || flags.all);
  if (isMany && names.length > 0) throw new CliError('a name excludes --all and -l: give one of them');
  if (!isMany && names.length === 0) {
    throw new CliError(`say which ${resource.plural}: name them, or use -l SELECTOR or --all`);
  }
  if (!isMany) return names.map((name) => ({ resource, name, key: keyIn(context, resource, name) }));
  const objects = await listObjects<KubeObject>(context.connection, resource, {
    ...(resource.namespaced && !flags.allNamespaces ? { namespace: context.namespace } : {}),
    ...(flags.selector ? { labelSelector: flags.selector } : {}),
  });
  return objects.map(({ metadata: { name, namespace } }) => ({
    resource,
    name,
    key: keyIn(context, resource, name, namespace),
  }));
}

/** The object as the server has it. Rejects with a StatusError. */
export function readObject<T>(context: CommandContext, { resource, key }: Omit<Chosen, 'name'>): Promise<T> {
  return context.connection.json<T>({ method: 'GET', path: objectPath(resource, key) });
}

export type PatchType = 'merge' | 'strategic' | 'json';

const contentTypes: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

export interface Patching {
  type: PatchType;
  body: unknown;
  dryRun?: 'none' | 'client' | 'server';
  subresource?: string | undefined;
}

/** Resolves with the object as it is then. */
export function patchObject<T>(
  context: CommandContext,
  { resource, key }: Omit<Chosen, 'name'>,
  { type, body, dryRun, subresource }: Patching,
): Promise<T> {
  const query = { dryRun: dryRun === 'server' ? 'All' : undefined };
  const path = withQuery(objectPath(resource, key, subresource), query);
  return context.connection.json<T>({ method: 'PATCH', path, body, contentType: contentTypes[type] });
}
