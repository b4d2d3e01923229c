// edgectl delete: asks the server to remove objects and waits until they are gone.
import { parseDurationMs } from '../api/duration.ts';
import { isNotFound } from '../api/status-error.ts';
import { objectPath } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, keyIn } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { listObjects } from './list-pages.ts';
import { readManifests } from './manifests.ts';
import { eachOf } from './outcome.ts';
import { parseTargets, type Target } from './targets.ts';
import { waitUntilGone } from './wait-until-gone.ts';

export interface DeleteFlags {
  filename?: string[];
  recursive?: boolean;
  selector?: string;
  all?: boolean;
  cascade?: string;
  gracePeriod?: string;
  force?: boolean;
  now?: boolean;
  wait?: boolean;
  timeout?: string;
  ignoreNotFound?: boolean;
  output?: string;
}

interface Doomed {
  resource: Resource;
  name: string;
  namespace?: string;
}

interface Deletion {
  body: object;
  wait: boolean;
  timeoutMs: number;
  ignoreNotFound: boolean;
  forced: boolean;
}

const POLICIES: Readonly<Record<string, string>> = {
  background: 'Background',
  orphan: 'Orphan',
  foreground: 'Foreground',
  true: 'Background',
  false: 'Orphan',
};

function graceSeconds(flags: DeleteFlags): number | undefined {
  if (flags.now && flags.gracePeriod !== undefined)
    throw new CliError('--now and --grace-period exclude each other');
  if (flags.now) return 1;
  if (flags.gracePeriod === undefined) return flags.force ? 0 : undefined;
  const seconds = Number(flags.gracePeriod);
  if (!Number.isInteger(seconds) || seconds < -1) {
    throw new CliError(`--grace-period takes whole seconds, not "${flags.gracePeriod}"`);
  }
  if (flags.force && seconds > 0)
    throw new CliError('--force and a --grace-period above 0 exclude each other');
  // 0 would remove the object while its containers may still run: only --force asks for that.
  if (seconds === 0 && !flags.force) return 1;
  return seconds === -1 ? undefined : seconds;
}

function deletionFrom(flags: DeleteFlags): Deletion {
  const propagationPolicy = POLICIES[flags.cascade ?? 'background'];
  if (!propagationPolicy) {
    throw new CliError(`--cascade=${flags.cascade} is not known: use background, orphan or foreground`);
  }
  const timeoutMs = parseDurationMs(flags.timeout ?? '0s');
  if (timeoutMs === undefined)
    throw new CliError(`--timeout takes a duration such as 30s, not "${flags.timeout}"`);
  const gracePeriodSeconds = graceSeconds(flags);
  const forced = gracePeriodSeconds === 0;
  return {
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy,
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    },
    wait: (flags.wait ?? true) && !forced,
    timeoutMs,
    ignoreNotFound: flags.ignoreNotFound ?? Boolean(flags.all || flags.selector),
    forced,
  };
}

async function fromManifests(context: CommandContext, flags: DeleteFlags): Promise<Doomed[]> {
  const doomed: Doomed[] = [];
  for (const { manifest, source } of await readManifests(context.io, flags.filename ?? [], flags)) {
    const resource = await context.discovery.byKind(manifest.apiVersion, manifest.kind);
    const { name, namespace } = manifest.metadata;
    if (!name) throw new CliError(`${source}: metadata.name not set: say which object`);
    doomed.push({
      resource,
      name,
      ...(resource.namespaced ? { namespace: namespace || context.namespace } : {}),
    });
  }
  return doomed;
}

async function fromCollection(
  context: CommandContext,
  { resource }: Target,
  flags: DeleteFlags,
): Promise<Doomed[]> {
  const query = {
    ...(resource.namespaced ? { namespace: context.namespace } : {}),
    ...(flags.selector ? { labelSelector: flags.selector } : {}),
  };
  const objects = await listObjects<{ metadata: { name: string; namespace?: string } }>(
    context.connection,
    resource,
    query,
  );
  return objects.map(({ metadata: { name, namespace } }) => ({
    resource,
    name,
    ...(namespace ? { namespace } : {}),
  }));
}

async function fromArguments(
  context: CommandContext,
  args: readonly string[],
  flags: DeleteFlags,
): Promise<Doomed[]> {
  const targets = await parseTargets(context.discovery, args);
  const doomed: Doomed[] = [];
  for (const target of targets) {
    const many = flags.all || flags.selector;
    if (many && target.names.length > 0) throw new CliError('a name excludes --all and -l: give one of them');
    if (!many && target.names.length === 0) {
      throw new CliError(`say which ${target.resource.plural}: name them, or use -l SELECTOR or --all`);
    }
    if (many) doomed.push(...(await fromCollection(context, target, flags)));
    doomed.push(...target.names.map((name) => ({ resource: target.resource, name })));
  }
  return doomed;
}

interface Answer {
  kind?: string;
  metadata?: { name?: string; namespace?: string; uid?: string };
  details?: { uid?: string };
}

async function request(context: CommandContext, doomed: Doomed, deletion: Deletion, shortName: boolean) {
  const { resource, name } = doomed;
  const key = keyIn(context, resource, name, doomed.namespace);
  const answer = await context.connection.json<Answer>({
    method: 'DELETE',
    path: objectPath(resource, key),
    body: deletion.body,
  });
  const kind = resource.group ? `${resource.singular}.${resource.group}` : resource.singular;
  const said = shortName
    ? `${kind}/${name}`
    : `${kind} "${name}" ${deletion.forced ? 'force deleted' : 'deleted'}`;
  await context.io.out(`${said}\n`);
  const namespace = resource.namespaced ? (doomed.namespace ?? context.namespace) : undefined;
  const uid = answer.kind === 'Status' ? answer.details?.uid : answer.metadata?.uid;
  return { metadata: { name, ...(namespace ? { namespace } : {}), ...(uid ? { uid } : {}) } };
}

/** Asks for all deletions first and waits after, so that many pods stop at the same time. */
async function deleteAll(
  context: CommandContext,
  doomed: readonly Doomed[],
  deletion: Deletion,
  shortName: boolean,
) {
  const waits: (() => Promise<void>)[] = [];
  const asked = await eachOf(context.io, doomed, async (one) => {
    try {
      const object = await request(context, one, deletion, shortName);
      waits.push(() => waitUntilGone(context, one.resource, object, deletion.timeoutMs));
    } catch (error) {
      if (!(deletion.ignoreNotFound && isNotFound(error))) throw error;
    }
  });
  const waited = deletion.wait ? await eachOf(context.io, waits, (wait) => wait()) : 0;
  return asked || waited;
}

/** Resolves with the exit code. */
export async function deleteObjects(
  context: CommandContext,
  args: readonly string[],
  flags: DeleteFlags,
): Promise<number> {
  const deletion = deletionFrom(flags);
  if (flags.filename && args.length > 0)
    throw new CliError('names on the command line and -f exclude each other');
  const doomed = flags.filename
    ? await fromManifests(context, flags)
    : await fromArguments(context, args, flags);
  if (doomed.length === 0) context.io.err('No resources found');
  if (deletion.forced) {
    context.io.err(
      'Warning: forced deletion does not wait for the containers to stop: they may run on for a while on their board.',
    );
  }
  return deleteAll(context, doomed, deletion, flags.output === 'name');
}
