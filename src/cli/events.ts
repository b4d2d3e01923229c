// edgectl events: what has happened, oldest first, of all or of one object.
import { age } from '../api/duration.ts';
import type { core } from '../api/objects.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { listObjects } from './list-pages.ts';
import { parseTargets } from './targets.ts';
import { TextTable } from './text-table.ts';

export interface EventsFlags {
  allNamespaces?: boolean;
  for?: string;
  types?: string;
  headers?: boolean;
}

type Event = core.Event & { metadata: { creationTimestamp?: string; namespace?: string } };

const lastSeen = (event: Event): string =>
  event.series?.lastObservedTime ??
  event.lastTimestamp ??
  event.eventTime ??
  event.metadata.creationTimestamp ??
  '';

async function involved(context: CommandContext, text: string): Promise<string> {
  const [target] = await parseTargets(context.discovery, [text]);
  const name = target?.names[0];
  if (!target || !name) throw new CliError(`--for takes TYPE/NAME, such as pod/web-1, not "${text}"`);
  return `involvedObject.kind=${target.resource.kind},involvedObject.name=${name}`;
}

/** Resolves with the exit code. */
export async function events(context: CommandContext, _args: string[], flags: EventsFlags): Promise<number> {
  const types = flags.types?.split(',').map((type) => type.trim().toLowerCase());
  const wrong = types?.find((type) => type !== 'normal' && type !== 'warning');
  if (wrong !== undefined) throw new CliError(`--types takes Normal and Warning, not "${wrong}"`);
  const resource = await context.discovery.byName('events');
  const found = await listObjects<Event>(context.connection, resource, {
    ...(flags.allNamespaces ? {} : { namespace: context.namespace }),
    ...(flags.for ? { fieldSelector: await involved(context, flags.for) } : {}),
  });
  const shown = found
    .filter(({ type }) => types === undefined || types.includes((type ?? '').toLowerCase()))
    .sort((a, b) => Date.parse(lastSeen(a)) - Date.parse(lastSeen(b)));
  if (shown.length === 0) {
    context.io.err(
      flags.allNamespaces ? 'No events found.' : `No events found in ${context.namespace} namespace.`,
    );
    return 0;
  }
  const nowMs = context.io.now();
  const rows = shown.map((event) => [
    ...(flags.allNamespaces ? [event.metadata.namespace ?? ''] : []),
    seen(event, nowMs),
    event.type ?? '',
    event.reason ?? '',
    `${event.involvedObject.kind}/${event.involvedObject.name}`,
    (event.message ?? '').trim().replaceAll('\n', ' '),
  ]);
  const columns = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
  const header = flags.allNamespaces ? ['NAMESPACE', ...columns] : columns;
  await context.io.out(new TextTable().render(flags.headers === false ? rows : [header, ...rows]));
  return 0;
}

function seen(event: Event, nowMs: number): string {
  const count = event.series?.count ?? event.count ?? 1;
  const last = age(lastSeen(event), nowMs);
  const first = event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  return count > 1 ? `${last} (x${count} over ${age(first, nowMs)})` : last;
}
