// edgectl apply: brings the server's objects to what the manifests say, and leaves alone what others have set.
// https://kubernetes.io/docs/reference/kubectl/generated/kubectl_apply/
import type { JsonObject } from '../api/schema/json.ts';
import type { Schema } from '../api/schema/schema.ts';
import { isAlreadyExists, isConflict, isNotFound, StatusError } from '../api/status-error.ts';
import { collectionPath, objectPath, withQuery } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, keyIn, resourceName } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { lastApplied, withLastApplied } from './last-applied.ts';
import { type LocatedManifest, readManifests } from './manifests.ts';
import { eachOf } from './outcome.ts';
import { mergePatch } from './three-way-merge.ts';

export interface ApplyFlags {
  filename: string[];
  recursive?: boolean;
  validate?: string;
  dryRun?: string;
}

/** Someone else writes the same object: that many times is bad luck, more is a fight. */
const MAX_TRIES = 5;

const VALIDATION: Readonly<Record<string, string>> = {
  strict: 'Strict',
  true: 'Strict',
  warn: 'Warn',
  ignore: 'Ignore',
  false: 'Ignore',
};

interface Applying {
  context: CommandContext;
  schema: Schema;
  /** Parameters of every write. */
  query: { fieldValidation: string; dryRun?: string };
  /** Stands after what was done, such as ` (server dry run)`. */
  suffix: string;
}

function fieldValidation(flags: ApplyFlags): string {
  const value = VALIDATION[flags.validate ?? 'strict'];
  if (value) return value;
  throw new CliError(`--validate=${flags.validate} is not known: use strict, warn or ignore`);
}

function isDryRun(flags: ApplyFlags): boolean {
  if (flags.dryRun === undefined || flags.dryRun === 'none') return false;
  if (flags.dryRun === 'server') return true;
  throw new CliError(`--dry-run=${flags.dryRun} is not known: use server or none`);
}

/** The namespace that the object goes to; the manifest and -n must not contradict each other. */
function settleNamespace(
  { context }: Applying,
  resource: Resource,
  { manifest, source }: LocatedManifest,
): void {
  const { explicitNamespace } = context;
  if (!resource.namespaced) return;
  const own = manifest.metadata.namespace;
  if (own && explicitNamespace && own !== explicitNamespace) {
    throw new CliError(
      `${source}: the object's namespace is "${own}" and -n says "${explicitNamespace}": leave one of them out`,
    );
  }
  manifest.metadata.namespace = own || context.namespace;
}

async function create(
  { context, query }: Applying,
  resource: Resource,
  body: JsonObject,
  namespace?: string,
) {
  const path = withQuery(collectionPath(resource, namespace), query);
  await context.connection.json({ method: 'POST', path, body });
}

/** Strategic where the kind's schema is known here, else a merge patch, as kubectl chooses. */
async function changesFor(schema: Schema, resource: Resource, modified: JsonObject, current: JsonObject) {
  const original = lastApplied(current);
  if (!schema.has(resource)) {
    return { body: mergePatch(original, modified, current), contentType: 'application/merge-patch+json' };
  }
  const { createThreeWayPatch } = await import('../api/strategic-merge-diff.ts');
  const body = createThreeWayPatch(schema, resource, original, modified, current);
  return { body, contentType: 'application/strategic-merge-patch+json' };
}

/** `configured`, or `unchanged` when there was nothing to send or the server found nothing new in it. */
async function patch(
  { context, schema, query }: Applying,
  resource: Resource,
  key: string,
  modified: JsonObject,
  current: JsonObject,
): Promise<'configured' | 'unchanged'> {
  const { body, contentType } = await changesFor(schema, resource, modified, current);
  if (Object.keys(body).length === 0) return 'unchanged';
  const path = withQuery(objectPath(resource, key), query);
  const after = await context.connection.json<JsonObject>({
    method: 'PATCH',
    path,
    body,
    contentType,
  });
  return revision(after) === revision(current) && !query.dryRun ? 'unchanged' : 'configured';
}

const revision = (object: JsonObject) =>
  (object.metadata as { resourceVersion?: string } | undefined)?.resourceVersion;

async function applyOnce(
  applying: Applying,
  resource: Resource,
  key: string,
  modified: JsonObject,
  namespace?: string,
) {
  const { connection } = applying.context;
  try {
    const current = await connection.json<JsonObject>({ method: 'GET', path: objectPath(resource, key) });
    return await patch(applying, resource, key, modified, current);
  } catch (error) {
    if (!isNotFound(error) || error.details?.name !== nameOf(modified)) throw error;
  }
  await create(applying, resource, modified, namespace);
  return 'created' as const;
}

const nameOf = (object: JsonObject) => (object.metadata as { name?: string }).name;

/** Reads and patches again when someone else was faster. */
async function applyOne(applying: Applying, located: LocatedManifest): Promise<void> {
  const { manifest, source } = located;
  const { io, discovery } = applying.context;
  const resource = await discovery.byKind(manifest.apiVersion, manifest.kind).catch((error: unknown) => {
    throw error instanceof CliError ? new CliError(`${source}: ${error.message}`) : error;
  });
  const { name } = manifest.metadata;
  if (!name)
    throw new CliError(`${source}: metadata.name not set: apply needs a name (generateName does not do)`);
  settleNamespace(applying, resource, located);
  const namespace = resource.namespaced ? manifest.metadata.namespace : undefined;
  const key = keyIn(applying.context, resource, name, namespace);
  const modified = withLastApplied(manifest);
  for (let tries = 1; ; tries++) {
    try {
      const done = await applyOnce(applying, resource, key, modified, namespace);
      await io.out(`${resourceName(resource, name)} ${done}${applying.suffix}\n`);
      return;
    } catch (error) {
      const raced = isConflict(error) || isAlreadyExists(error);
      if (!raced || tries >= MAX_TRIES) throw withSource(error, source);
    }
  }
}

/** The server does not know which file an object came from; the person wants to. */
function withSource(error: unknown, source: string): unknown {
  if (!(error instanceof StatusError)) return error;
  if (error.code !== 400 && error.code !== 422) return error;
  return new StatusError(error.code, error.reason, `${source}: ${error.message}`, error.details);
}

/** Resolves with the exit code: 1 when any object failed, after all have been tried. */
export async function apply(context: CommandContext, flags: ApplyFlags): Promise<number> {
  const dryRun = isDryRun(flags);
  const query = { fieldValidation: fieldValidation(flags), ...(dryRun ? { dryRun: 'All' } : {}) };
  const manifests = await readManifests(context.io, flags.filename, flags);
  const { loadSchema } = await import('../api/schema/load-schema.ts');
  const suffix = dryRun ? ' (server dry run)' : '';
  const applying: Applying = { context, schema: await loadSchema(), query, suffix };
  return eachOf(context.io, manifests, (located) => applyOne(applying, located));
}
