// edgectl autoscale: makes a HorizontalPodAutoscaler for what has replicas.

import { apiVersionOf } from '../api/scheme.ts';
import { type ChoosingFlags, chooseObjects, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { type CreatingFlags, createObject } from './create-object.ts';
import { countFlag } from './flag-values.ts';
import { eachOf } from './outcome.ts';

export interface AutoscaleFlags extends ChoosingFlags, CreatingFlags {
  min?: string;
  max?: string;
  cpuPercent?: string;
  name?: string;
}

function cpuUtilization(averageUtilization: number): object {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

/** Resolves with the exit code. */
export async function autoscale(
  context: CommandContext,
  args: string[],
  flags: AutoscaleFlags,
): Promise<number> {
  const min = countFlag(flags.min, '--min', 1);
  const max = countFlag(flags.max, '--max', 1);
  const cpu = countFlag(flags.cpuPercent, '--cpu-percent', 1);
  if (max === undefined) throw new CliError('--max=MAXPODS is required and must be at least 1');
  if (min !== undefined && max < min)
    throw new CliError(`--max=${max} must be larger or equal to --min=${min}`);
  const chosen = await chooseObjects(context, args, flags);
  return eachOf(context.io, chosen, async (one) => {
    await readObject(context, one);
    const spec = {
      scaleTargetRef: { apiVersion: apiVersionOf(one.resource), kind: one.resource.kind, name: one.name },
      ...(min === undefined ? {} : { minReplicas: min }),
      maxReplicas: max,
      ...(cpu === undefined ? {} : { metrics: [cpuUtilization(cpu)] }),
    };
    const metadata = { name: flags.name ?? one.name };
    const object = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec };
    await createObject(context, object, flags, 'autoscaled');
  });
}
