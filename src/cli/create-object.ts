// What the verbs that make one object of flags (autoscale, expose, run) share: making it, or showing what it would be.
import { collectionPath, withQuery } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, resourceName } from './command-context.ts';
import { dryRunFlag, dryRunSuffix } from './flag-values.ts';
import { formatName, formatValue } from './format-value.ts';

export interface CreatingFlags {
  dryRun?: string | true;
  output?: string;
}

interface New {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string } & Record<string, unknown>;
}

/** `said` is the verb's word, such as `exposed`. */
export async function createObject(
  context: CommandContext,
  object: New & Record<string, unknown>,
  flags: CreatingFlags,
  said: string,
): Promise<void> {
  const dryRun = dryRunFlag(flags.dryRun);
  const resource = await context.discovery.byKind(object.apiVersion, object.kind);
  const namespace = resource.namespaced ? context.namespace : undefined;
  const body = namespace ? { ...object, metadata: { ...object.metadata, namespace } } : object;
  const path = withQuery(collectionPath(resource, namespace), {
    dryRun: dryRun === 'server' ? 'All' : undefined,
  });
  const made =
    dryRun === 'client' ? body : await context.connection.json<object>({ method: 'POST', path, body });
  const { output } = flags;
  if (output === 'json' || output === 'yaml') await context.io.out(await formatValue(made, output));
  else if (output === 'name') await context.io.out(formatName(resource, object.metadata.name));
  else if (output !== undefined) throw new CliError(`-o takes json, yaml or name, not "${output}"`);
  else
    await context.io.out(`${resourceName(resource, object.metadata.name)} ${said}${dryRunSuffix(dryRun)}\n`);
}
