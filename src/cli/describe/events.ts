// The events about one object, oldest first, as the last part of its description.
import { age } from '../../api/duration.ts';
import { firstSeen, lastSeen } from '../../api/kinds/event.ts';
import type { Event } from '../../api/objects.ts';
import type { CommandContext } from '../command-context.ts';
import { listObjects } from '../list-pages.ts';
import { TextTable } from '../text-table.ts';
import type { Report } from './report.ts';

/** `5m (x3 over 10m)`, or `5m` for what happened once. */
function ageText(event: Event, nowMs: number): string {
  const count = event.series?.count ?? event.count ?? 1;
  const last = age(lastSeen(event), nowMs);
  return count > 1 ? `${last} (x${count} over ${age(firstSeen(event), nowMs)})` : last;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
const oneLine = (text: string | undefined) => (text ?? '').trim().replace(/[\x00-\x1f\x7f]+/g, ' ');

function row(event: Event, nowMs: number): string[] {
  const source = event.source?.component || event.reportingComponent || '';
  return ['', event.type ?? '', event.reason ?? '', ageText(event, nowMs), source, oneLine(event.message)];
}

export async function describeEvents(
  context: CommandContext,
  report: Report,
  object: { kind: string; metadata: { name: string; namespace?: string; uid?: string } },
): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  const fields = [`involvedObject.name=${name}`, `involvedObject.kind=${object.kind}`];
  if (uid) fields.push(`involvedObject.uid=${uid}`);
  const resource = await context.discovery.byName('events');
  const events = await listObjects<Event>(context.connection, resource, {
    ...(namespace ? { namespace } : {}),
    fieldSelector: fields.join(','),
  });
  if (events.length === 0) {
    report.line('Events', undefined);
    return;
  }
  const ordered = events.sort((a, b) => ((lastSeen(a) ?? '') < (lastSeen(b) ?? '') ? -1 : 1));
  const header = ['', 'Type', 'Reason', 'Age', 'From', 'Message'];
  const dashes = header.map((title) => '-'.repeat(title.length));
  const rows = ordered.map((event) => row(event, context.io.now()));
  report.text(`Events:\n${new TextTable().render([header, dashes, ...rows]).replace(/^ {2}/gm, '')}`);
}
