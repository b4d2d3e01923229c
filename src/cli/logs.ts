// edgectl logs: what a pod's container wrote, as it is, with the reader's pace.
import { parseDurationMs } from '../api/duration.ts';
import type { core, Pod } from '../api/objects.ts';
import { objectPath, withQuery } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import type { Resource } from './discovery.ts';
import { choosePod } from './pod-argument.ts';

export interface LogsFlags {
  follow?: boolean;
  container?: string;
  tail?: string;
  previous?: boolean;
  timestamps?: boolean;
  since?: string;
  sinceTime?: string;
  limitBytes?: string;
  allContainers?: boolean;
}

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

async function podName(context: CommandContext, args: readonly string[]): Promise<string> {
  const [first = '', second] = args;
  if (!first) throw new CliError("say which pod: 'edgectl get pods' lists them");
  if (args.length > 2 || second?.includes('/')) {
    throw new CliError('logs reads one pod at a time: name one pod and, at will, one container');
  }
  return choosePod(context, first);
}

function sinceSeconds(flags: LogsFlags): number | undefined {
  if (flags.since === undefined) return undefined;
  const sinceMs = parseDurationMs(flags.since);
  if (sinceMs === undefined)
    throw new CliError(`--since takes a duration such as 5s, 2m or 3h, not "${flags.since}"`);
  return Math.max(Math.ceil(sinceMs / 1000), 1);
}

function count(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= -1) return value === -1 ? undefined : value;
  throw new CliError(`${flag} takes a whole number, not "${text}"`);
}

function queryOf(flags: LogsFlags, container: string): Record<string, string | number | boolean | undefined> {
  if (flags.since !== undefined && flags.sinceTime !== undefined) {
    throw new CliError('--since and --since-time exclude each other: give one of them');
  }
  return {
    container,
    follow: flags.follow || undefined,
    previous: flags.previous || undefined,
    timestamps: flags.timestamps || undefined,
    tailLines: count(flags.tail, '--tail'),
    sinceSeconds: sinceSeconds(flags),
    sinceTime: flags.sinceTime,
    limitBytes: count(flags.limitBytes, '--limit-bytes'),
  };
}

/** The container that a person most likely means when the pod has several: said on standard error. */
function chooseContainer(context: CommandContext, pod: Pod): string {
  const names = pod.spec.containers.map((container: core.Container) => container.name);
  const preferred = pod.metadata.annotations?.[DEFAULT_CONTAINER];
  const chosen = preferred && names.includes(preferred) ? preferred : (names[0] ?? '');
  const init = (pod.spec.initContainers ?? []).map((container) => `${container.name} (init)`);
  const all = [...names, ...init];
  if (all.length > 1) context.io.err(`Defaulted container "${chosen}" out of: ${all.join(', ')}`);
  return chosen;
}

async function containers(
  context: CommandContext,
  resource: Resource,
  key: string,
  flags: LogsFlags,
  named?: string,
) {
  if (named) return [named];
  const pod = await context.connection.json<Pod>({ method: 'GET', path: objectPath(resource, key) });
  if (!flags.allContainers) return [chooseContainer(context, pod)];
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((container) => container.name);
}

/** Resolves with the exit code once the log has ended. */
export async function logs(
  context: CommandContext,
  args: readonly string[],
  flags: LogsFlags,
): Promise<number> {
  const key = `${context.namespace}/${await podName(context, args)}`;
  const named = flags.container ?? args[1];
  if (named && flags.allContainers) throw new CliError('-c and --all-containers exclude each other');
  const resource = await context.discovery.byName('pods');
  const chosen = await containers(context, resource, key, flags, named);
  if (flags.follow && chosen.length > 1) throw new CliError('-f follows one container: choose it with -c');
  for (const container of chosen) {
    const path = withQuery(objectPath(resource, key, 'log'), queryOf(flags, container));
    const body = await context.connection.stream({ method: 'GET', path, accept: 'text/plain, */*' });
    for await (const chunk of body) await context.io.out(chunk);
  }
  return 0;
}
