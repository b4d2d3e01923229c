// edgectl describe: one object told for a person, with what belongs to it and its events.
import type {
  ConfigMap,
  Endpoints,
  Event,
  KubeObject,
  Namespace,
  Node,
  Pod,
  ReplicationController,
  Secret,
  Service,
} from '../api/objects.ts';
import { objectPath } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, keyIn } from './command-context.ts';
import { describeEvents } from './describe/events.ts';
import { describeNode } from './describe/node.ts';
import { describePod } from './describe/pod.ts';
import { Report } from './describe/report.ts';
import { describeService } from './describe/service.ts';
import {
  describeAny,
  describeConfigMap,
  describeEndpoints,
  describeEvent,
  describeNamespace,
  describeReplicationController,
  describeSecret,
} from './describe/small-kinds.ts';
import type { Resource } from './discovery.ts';
import { listObjects } from './list-pages.ts';
import { eachOf } from './outcome.ts';
import { parseTargets, type Target } from './targets.ts';

export interface DescribeFlags {
  selector?: string;
  allNamespaces?: boolean;
  /** `false` leaves out the events. */
  showEvents?: string;
}

type Describe = (report: Report, object: KubeObject, context: CommandContext) => void | Promise<void>;

/** By `kind` of the core group; the object's kind is what makes the narrowing right. */
const DESCRIBERS: Readonly<Record<string, Describe>> = {
  Pod: (report, object) => describePod(report, object as Pod),
  Node: (report, object, context) => describeNode(report, object as Node, context),
  Service: (report, object, context) => describeService(report, object as Service, context),
  ReplicationController: (report, object, context) =>
    describeReplicationController(report, object as ReplicationController, context),
  Namespace: (report, object) => describeNamespace(report, object as Namespace),
  ConfigMap: (report, object) => describeConfigMap(report, object as ConfigMap),
  Secret: (report, object) => describeSecret(report, object as Secret),
  Endpoints: (report, object) => describeEndpoints(report, object as Endpoints),
  Event: (report, object) => describeEvent(report, object as Event),
};

/** Nothing ever happens to these. */
const WITHOUT_EVENTS = ['Event', 'Secret'];

async function describeOne(
  context: CommandContext,
  resource: Resource,
  object: KubeObject,
  flags: DescribeFlags,
) {
  const report = new Report();
  const own = resource.group === '' ? DESCRIBERS[resource.kind] : undefined;
  await (own ?? describeAny)(report, object, context);
  const withEvents = flags.showEvents !== 'false' && !WITHOUT_EVENTS.includes(resource.kind);
  if (withEvents) await describeEvents(context, report, { ...object, kind: resource.kind });
  return report.toString();
}

async function objectsOf(context: CommandContext, { resource, names }: Target, flags: DescribeFlags) {
  const { connection } = context;
  if (names.length > 0) {
    return names.map((name) => () => {
      const path = objectPath(resource, keyIn(context, resource, name));
      return connection.json<KubeObject>({ method: 'GET', path });
    });
  }
  const objects = await listObjects<KubeObject>(connection, resource, {
    ...(resource.namespaced && !flags.allNamespaces ? { namespace: context.namespace } : {}),
    ...(flags.selector ? { labelSelector: flags.selector } : {}),
  });
  return objects.map((object) => () => Promise.resolve(object));
}

/** Resolves with the exit code. */
export async function describe(
  context: CommandContext,
  args: readonly string[],
  flags: DescribeFlags,
): Promise<number> {
  const targets = await parseTargets(context.discovery, args);
  if (flags.selector && targets.some((target) => target.names.length > 0)) {
    throw new CliError('a name and a selector (-l) exclude each other: give one of them');
  }
  const found: { resource: Resource; read: () => Promise<KubeObject> }[] = [];
  for (const target of targets) {
    for (const read of await objectsOf(context, target, flags))
      found.push({ resource: target.resource, read });
  }
  if (found.length === 0) context.io.err(`No resources found in ${context.namespace} namespace.`);
  let first = true;
  return eachOf(context.io, found, async ({ resource, read }) => {
    const text = await describeOne(context, resource, await read(), flags);
    await context.io.out(first ? text : `\n\n${text}`);
    first = false;
  });
}
