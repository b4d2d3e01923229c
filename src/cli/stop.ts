// edgectl stop: lets what has replicas end its pods by itself, then deletes it; anything else is deleted. As the
// kubectl of the first years had it.
import { isNotFound } from '../api/status-error.ts';
import { objectPath } from '../client/resource-path.ts';
import { type ChoosingFlags, type Chosen, chooseObjects, patchObject, readObject } from './chosen-objects.ts';
import type { CommandContext } from './command-context.ts';
import { countFlag, durationFlag } from './flag-values.ts';
import { eachOf } from './outcome.ts';
import { poll } from './pause.ts';

export interface StopFlags extends ChoosingFlags {
  gracePeriod?: string;
  timeout: string;
}

interface Scaled {
  status?: { replicas?: number };
}

const POLL_MS = 200;

/** False when the kind has no replicas. */
async function scaleDown(context: CommandContext, chosen: Chosen, timeoutMs: number): Promise<boolean> {
  const path = objectPath(chosen.resource, chosen.key, 'scale');
  try {
    await patchObject(context, chosen, {
      type: 'merge',
      body: { spec: { replicas: 0 } },
      subresource: 'scale',
    });
  } catch (error) {
    if (isNotFound(error) && !error.details?.name) return false;
    throw error;
  }
  const message = `timed out waiting for the pods of ${chosen.name} to end: it is scaled to 0 and not deleted`;
  await poll(context.io, { intervalMs: POLL_MS, timeoutMs, message }, async () => {
    const { status } = await context.connection.json<Scaled>({ method: 'GET', path });
    return (status?.replicas ?? 0) === 0 ? true : undefined;
  });
  return true;
}

async function stopOne(context: CommandContext, chosen: Chosen, flags: StopFlags): Promise<void> {
  const { resource, key, name } = chosen;
  await readObject(context, chosen);
  await scaleDown(context, chosen, durationFlag(flags.timeout, '--timeout'));
  const gracePeriodSeconds = countFlag(flags.gracePeriod, '--grace-period', 1);
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Background',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  };
  await context.connection.json({ method: 'DELETE', path: objectPath(resource, key), body });
  await context.io.out(
    `${resource.group ? `${resource.singular}.${resource.group}` : resource.singular} "${name}" stopped\n`,
  );
}

/** Resolves with the exit code. */
export async function stop(
  context: CommandContext,
  args: readonly string[],
  flags: StopFlags,
): Promise<number> {
  const chosen = await chooseObjects(context, args, flags);
  if (chosen.length === 0) context.io.err('No resources found');
  return eachOf(context.io, chosen, (one) => stopOne(context, one, flags));
}
