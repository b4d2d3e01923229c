// edgectl expose: makes a Service in front of pods, a controller's pods, or what another Service selects.
import type { core, KubeObject } from '../api/objects.ts';
import { type ChoosingFlags, type Chosen, chooseObjects, readObject } from './chosen-objects.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { type CreatingFlags, createObject } from './create-object.ts';
import { countFlag } from './flag-values.ts';
import { eachOf } from './outcome.ts';

export interface ExposeFlags extends ChoosingFlags, CreatingFlags {
  port?: string;
  targetPort?: string;
  protocol: string;
  type?: string;
  name?: string;
  clusterIp?: string;
  sessionAffinity?: string;
}

interface Exposable extends KubeObject {
  spec?: {
    selector?:
      | Record<string, string>
      | { matchLabels?: Record<string, string>; matchExpressions?: unknown[] };
    template?: core.PodTemplateSpec;
    containers?: core.Container[];
    ports?: { port?: number }[];
  };
}

function selectorOf({ resource, name }: Chosen, { spec, metadata }: Exposable): Record<string, string> {
  const selector = resource.kind === 'Pod' ? metadata.labels : spec?.selector;
  const isSet = selector && ('matchLabels' in selector || 'matchExpressions' in selector);
  if (isSet && Array.isArray((selector as { matchExpressions?: unknown[] }).matchExpressions)) {
    throw new CliError(
      `${resource.singular} "${name}" selects by expressions, which a Service cannot: write it as a file`,
    );
  }
  const found = isSet ? (selector as { matchLabels?: Record<string, string> }).matchLabels : selector;
  if (found && Object.keys(found).length > 0) return found as Record<string, string>;
  throw new CliError(`${resource.singular} "${name}" has no labels or selector to find its pods by`);
}

function portsOf(chosen: Chosen, object: Exposable, flags: ExposeFlags): number[] {
  const given = countFlag(flags.port, '--port', 1);
  if (given !== undefined) return [given];
  const containers = object.spec?.template?.spec?.containers ?? object.spec?.containers ?? [];
  const own = object.spec?.ports?.map(({ port }) => port) ?? [];
  const found = [
    ...containers.flatMap(({ ports }) => (ports ?? []).map((port) => port.containerPort)),
    ...own,
  ];
  const ports = found.filter((port) => port !== undefined);
  if (ports.length > 0) return ports;
  throw new CliError(
    `couldn't find a port of ${chosen.resource.singular} "${chosen.name}": give it with --port`,
  );
}

function serviceFor(chosen: Chosen, object: Exposable, flags: ExposeFlags) {
  const target = flags.targetPort;
  const ports = portsOf(chosen, object, flags).map((port, i, all) => ({
    ...(all.length > 1 ? { name: `port-${i + 1}` } : {}),
    port,
    protocol: flags.protocol,
    targetPort: target === undefined ? port : /^\d+$/.test(target) ? Number(target) : target,
  }));
  const { labels } = object.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: flags.name ?? chosen.name, ...(labels ? { labels } : {}) },
    spec: {
      selector: selectorOf(chosen, object),
      ports,
      ...(flags.type ? { type: flags.type } : {}),
      ...(flags.clusterIp ? { clusterIP: flags.clusterIp } : {}),
      ...(flags.sessionAffinity ? { sessionAffinity: flags.sessionAffinity } : {}),
    },
  };
}

/** Resolves with the exit code. */
export async function expose(context: CommandContext, args: string[], flags: ExposeFlags): Promise<number> {
  const chosen = await chooseObjects(context, args, flags);
  return eachOf(context.io, chosen, async (one) => {
    const object = await readObject<Exposable>(context, one);
    await createObject(context, serviceFor(one, object, flags), flags, 'exposed');
  });
}
