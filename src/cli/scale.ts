// edgectl scale: sets how many replicas are wanted, through the scale subresource of whatever kind has one.
import { isNotFound } from '../api/status-error.ts';
import { objectPath } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, keyIn, resourceName } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { countFlag } from './flag-values.ts';
import { eachOf } from './outcome.ts';
import { parseTargets } from './targets.ts';

export interface ScaleFlags {
  replicas?: string;
  currentReplicas?: string;
}

interface Scale {
  spec?: { replicas?: number };
}

async function checkCurrent(context: CommandContext, path: string, expected: number): Promise<Scale> {
  const scale = await context.connection.json<Scale>({ method: 'GET', path });
  const actual = scale.spec?.replicas ?? 0;
  if (actual === expected) return scale;
  throw new CliError(`expected replicas to be ${expected}, was ${actual}: nothing was changed`);
}

/** With an expectation the read scale is written back with its revision, so that nobody slips in between. */
async function setReplicas(
  context: CommandContext,
  path: string,
  replicas: number,
  expected: number | undefined,
) {
  const { connection } = context;
  if (expected === undefined) {
    const body = { spec: { replicas } };
    await connection.json({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
    return;
  }
  const scale = await checkCurrent(context, path, expected);
  await connection.json({ method: 'PUT', path, body: { ...scale, spec: { ...scale.spec, replicas } } });
}

/** The server knows the kind and not this subresource: a missing object would be named. */
const isUnscalable = (error: unknown): boolean => isNotFound(error) && !error.details?.name;

/** Resolves with the exit code. */
export async function scale(
  context: CommandContext,
  args: readonly string[],
  flags: ScaleFlags,
): Promise<number> {
  const replicas = countFlag(flags.replicas, '--replicas');
  if (replicas === undefined) throw new CliError('--replicas=COUNT is needed: say how many you want');
  const expected = countFlag(flags.currentReplicas, '--current-replicas');
  const targets = await parseTargets(context.discovery, args);
  const objects: { resource: Resource; name: string }[] = targets.flatMap(({ resource, names }) =>
    names.map((name) => ({ resource, name })),
  );
  if (objects.length === 0)
    throw new CliError(`name what to scale, such as 'edgectl scale rc web --replicas=${replicas}'`);
  return eachOf(context.io, objects, async ({ resource, name }) => {
    const path = objectPath(resource, keyIn(context, resource, name), 'scale');
    await setReplicas(context, path, replicas, expected).catch((error) => {
      throw isUnscalable(error)
        ? new CliError(`${resource.plural} have no replicas: scale such as an rc`)
        : error;
    });
    await context.io.out(`${resourceName(resource, name)} scaled\n`);
  });
}
