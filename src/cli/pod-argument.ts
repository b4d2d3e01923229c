// How verbs that work inside a pod are told which one, and which of its containers.
import type { Pod } from '../api/objects.ts';
import { objectPath } from '../client/resource-path.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** `web-1`, `pod/web-1`. @throws CliError */
export function podNameOf(argument: string): string {
  const [type = '', name] = argument.includes('/') ? argument.split('/') : ['pod', argument];
  if (name && isPods(type)) return name;
  throw new CliError(`"${argument}" names no pod: 'edgectl get pods' lists them`);
}

/** As {@link podNameOf}, and a pod of `deployment/web` or whatever else makes pods. @throws CliError */
export async function choosePod(context: CommandContext, argument: string): Promise<string> {
  const [type = '', name = ''] = argument.split('/');
  if (!argument.includes('/') || isPods(type)) return podNameOf(argument);
  const { podOfWorkload } = await import('./workload-pod.ts');
  return podOfWorkload(context, type, name);
}

const isPods = (type: string) => ['pod', 'pods', 'po'].includes(type);

/** The one that is named, else the pod's own choice, else its first; a choice among several is said. */
export async function containerOf(
  context: CommandContext,
  key: string,
  named: string | undefined,
): Promise<string> {
  if (named) return named;
  const resource = await context.discovery.byName('pods');
  const pod = await context.connection.json<Pod>({ method: 'GET', path: objectPath(resource, key) });
  const names = pod.spec.containers.map((container) => container.name);
  const preferred = pod.metadata.annotations?.[DEFAULT_CONTAINER];
  const chosen = preferred && names.includes(preferred) ? preferred : (names[0] ?? '');
  if (names.length > 1) context.io.err(`Defaulted container "${chosen}" out of: ${names.join(', ')}`);
  return chosen;
}
