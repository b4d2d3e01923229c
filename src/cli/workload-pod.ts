// `deployment/web`, `job/import`: the pod that a person means who names what made it. Of several it is one that runs,
// a ready one first and of those the youngest, as kubectl chooses.
import { formatLabelSelector, selectorFromLabels, selectorFromObject } from '../api/label-selector.ts';
import type { meta, Pod } from '../api/objects.ts';
import { collectionPath, objectPath, withQuery } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';

interface Workload {
  kind: string;
  spec?: { selector?: meta.LabelSelector | Record<string, string> };
}

/** Name of the pod. @throws CliError for what has no pods, or none now. */
export async function podOfWorkload(context: CommandContext, type: string, name: string): Promise<string> {
  const { connection, discovery, namespace } = context;
  const resource = await discovery.byName(type);
  const workload = await connection.json<Workload>({
    method: 'GET',
    path: objectPath(resource, `${namespace}/${name}`),
  });
  const labelSelector = selectorOf(workload);
  if (!labelSelector) throw new CliError(`${type}/${name} has no pods: name one of 'edgectl get pods'`);
  const pods = await discovery.byName('pods');
  const path = withQuery(collectionPath(pods, namespace), { labelSelector });
  const { items } = await connection.json<{ items: Pod[] }>({ method: 'GET', path });
  const [first] = items.sort((a, b) => rank(b) - rank(a) || (age(a) < age(b) ? 1 : -1));
  if (!first)
    throw new CliError(`${type}/${name} has no pod now: 'edgectl describe ${type} ${name}' says why`);
  if (items.length > 1) context.io.err(`Found ${items.length} pods, using pod/${first.metadata.name}`);
  return first.metadata.name;
}

function selectorOf({ kind, spec }: Workload): string | undefined {
  const given = spec?.selector;
  if (!given) return undefined;
  const isMap = kind === 'ReplicationController' || kind === 'Service';
  const selector = isMap
    ? selectorFromLabels(given as Record<string, string>)
    : selectorFromObject(given as meta.LabelSelector);
  return selector && formatLabelSelector(selector);
}

function rank({ status, metadata }: Pod): number {
  const isReady = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  const isRunning = status?.phase === 'Running' && !metadata.deletionTimestamp;
  return (isRunning ? 2 : 0) + (isReady ? 1 : 0);
}

const age = ({ metadata }: Pod) => metadata.creationTimestamp;
