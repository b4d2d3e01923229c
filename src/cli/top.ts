// edgectl top: what boards, pods and containers use now, as kubectl top prints it.
// https://kubernetes.io/docs/reference/kubectl/generated/kubectl_top/

import { nodes } from '../api/kinds/node.ts';
import type { NodeMetrics, Usage } from '../api/kinds/node-metrics.ts';
import { nodeMetrics } from '../api/kinds/node-metrics.ts';
import { type PodMetrics, podMetrics } from '../api/kinds/pod-metrics.ts';
import { keyOf, type Node } from '../api/objects.ts';
import { bytes, cpuMillis } from '../api/quantity.ts';
import { isNotFound } from '../api/status-error.ts';
import { collectionPath, objectPath, withQuery } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { TextTable } from './text-table.ts';

export interface TopFlags {
  selector?: string;
  allNamespaces?: boolean;
  containers?: boolean;
  sortBy?: string;
  /** False with --no-headers. */
  headers: boolean;
}

/** Rows in the order wanted. */
interface Row {
  cells: string[];
  usage: Sum;
}

interface Sum {
  cpuMillis: number;
  memoryBytes: number;
}

const MIB = 2 ** 20;
const UNKNOWN = '<unknown>';

export async function top(context: CommandContext, args: string[], flags: TopFlags): Promise<number> {
  const [what = '', name] = args;
  checkSort(flags.sortBy);
  if (['node', 'nodes', 'no'].includes(what)) return topNodes(context, name, flags);
  if (['pod', 'pods', 'po'].includes(what)) return topPods(context, name, flags);
  throw new CliError(`top shows nodes or pods, not "${what}"`);
}

function checkSort(sortBy: string | undefined): void {
  if (sortBy === undefined || sortBy === 'cpu' || sortBy === 'memory') return;
  throw new CliError(`--sort-by takes cpu or memory, not "${sortBy}"`);
}

async function read<T>(
  { connection }: CommandContext,
  kind: typeof nodeMetrics | typeof podMetrics,
  namespace: string | undefined,
  name: string | undefined,
  labelSelector: string | undefined,
): Promise<T[]> {
  try {
    if (name !== undefined) {
      const key = namespace === undefined ? name : `${namespace}/${name}`;
      return [await connection.json<T>({ method: 'GET', path: objectPath(kind, key) })];
    }
    const path = withQuery(collectionPath(kind, namespace), labelSelector ? { labelSelector } : {});
    return (await connection.json<{ items: T[] }>({ method: 'GET', path })).items;
  } catch (error) {
    if (isNotFound(error) && name === undefined) throw new CliError('Metrics API not available');
    throw error;
  }
}

async function topNodes(context: CommandContext, name: string | undefined, flags: TopFlags): Promise<number> {
  const metrics = await read<NodeMetrics>(context, nodeMetrics, undefined, name, flags.selector);
  const path = collectionPath(nodes, undefined);
  const { items } = await context.connection.json<{ items: Node[] }>({ method: 'GET', path });
  const known = new Map(items.map((node) => [node.metadata.name, node]));
  const rows = metrics.map((one): Row => {
    const allocatable = known.get(one.metadata.name)?.status?.allocatable ?? {};
    const usage = sumOf([one.usage]);
    const { cpu, memory } = one.usage;
    const cells = [
      one.metadata.name,
      cpu === undefined ? UNKNOWN : `${usage.cpuMillis}m`,
      share(cpu && usage.cpuMillis, allocatable.cpu && cpuMillis(allocatable.cpu)),
      memory === undefined ? UNKNOWN : mebibytes(usage),
      share(memory && usage.memoryBytes, allocatable.memory && bytes(allocatable.memory)),
    ];
    return { cells, usage };
  });
  return print(context, ['NAME', 'CPU(cores)', 'CPU%', 'MEMORY(bytes)', 'MEMORY%'], rows, flags);
}

type Known = number | '' | undefined;

function share(used: Known, of: Known): string {
  return typeof used === 'number' && typeof of === 'number' && of > 0
    ? `${Math.trunc((used * 100) / of)}%`
    : UNKNOWN;
}

async function topPods(context: CommandContext, name: string | undefined, flags: TopFlags): Promise<number> {
  const namespace = flags.allNamespaces ? undefined : context.namespace;
  if (name !== undefined && namespace === undefined) {
    throw new CliError('a resource cannot be retrieved by name across all namespaces');
  }
  const metrics = await read<PodMetrics>(context, podMetrics, namespace, name, flags.selector);
  const rows = metrics.flatMap((pod) => podRows(pod, flags));
  const header = [
    ...(flags.allNamespaces ? ['NAMESPACE'] : []),
    ...(flags.containers ? ['POD', 'NAME'] : ['NAME']),
    'CPU(cores)',
    'MEMORY(bytes)',
  ];
  return print(context, header, rows, flags);
}

function podRows(pod: PodMetrics, flags: TopFlags): Row[] {
  const place = flags.allNamespaces ? keyOf(pod).split('/') : [pod.metadata.name];
  const row = (cells: string[], usages: readonly Usage[]): Row => {
    const usage = sumOf(usages);
    const isKnown = (resource: string) => usages.every((one) => one[resource] !== undefined);
    const cpu = isKnown('cpu') ? `${usage.cpuMillis}m` : UNKNOWN;
    return { cells: [...cells, cpu, isKnown('memory') ? mebibytes(usage) : UNKNOWN], usage };
  };
  if (flags.containers) return pod.containers.map(({ name, usage }) => row([...place, name], [usage]));
  return [
    row(
      place,
      pod.containers.map(({ usage }) => usage),
    ),
  ];
}

function sumOf(usages: readonly Usage[]): Sum {
  const sum = { cpuMillis: 0, memoryBytes: 0 };
  for (const { cpu = '0', memory = '0' } of usages) {
    sum.cpuMillis += cpuMillis(cpu);
    sum.memoryBytes += bytes(memory);
  }
  return sum;
}

const mebibytes = ({ memoryBytes }: Sum): string => `${Math.trunc(memoryBytes / MIB)}Mi`;

/** By name, as the server gives them, unless the largest are wanted first. */
async function print(
  { io }: CommandContext,
  header: string[],
  rows: readonly Row[],
  flags: TopFlags,
): Promise<number> {
  if (rows.length === 0) {
    io.err('No resources found');
    return 0;
  }
  const key = flags.sortBy === 'cpu' ? 'cpuMillis' : 'memoryBytes';
  const sorted = flags.sortBy ? [...rows].sort((a, b) => b.usage[key] - a.usage[key]) : rows;
  const lines = sorted.map(({ cells }) => cells);
  await io.out(new TextTable().render(flags.headers ? [header, ...lines] : lines));
  return 0;
}
