// Event: names, columns, defaults and rules.
import { column, nameColumn, wideColumn } from '../columns.ts';
import { age } from '../duration.ts';
import { invalidValue, required } from '../field-error.ts';
import type { Event } from '../objects.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { eventsGroupVersion } from './event-view.ts';

/** RFC 3339; `undefined` where the event does not say. */
export const firstSeen = (event: Event) => event.firstTimestamp ?? event.eventTime;
export const lastSeen = (event: Event) =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);

function objectText({ involvedObject }: Event): string {
  const kind = involvedObject.kind?.toLowerCase() ?? '';
  return involvedObject.name ? `${kind}/${involvedObject.name}` : kind;
}

/** `component, host`, whichever are known. */
function sourceText(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const host = event.source?.host || event.reportingInstance || '';
  return [component, host].filter((part) => part !== '').join(', ');
}

const columns: readonly Column<Event>[] = [
  column('Last Seen', 'When it was seen last.', (event, nowMs) => age(lastSeen(event), nowMs)),
  column('Type', 'Normal or Warning.', (event) => event.type ?? ''),
  column('Reason', 'Why it happened, in one word.', (event) => event.reason ?? ''),
  column('Object', 'What it is about.', objectText),
  wideColumn('Subobject', 'Which part of the object.', (event) => event.involvedObject.fieldPath ?? ''),
  wideColumn('Source', 'Who says so.', sourceText),
  column('Message', 'What happened.', (event) => (event.message ?? '').trim()),
  wideColumn('First Seen', 'When it was seen first.', (event, nowMs) => age(firstSeen(event), nowMs)),
  wideColumn('Count', 'How often it was seen.', (event) => event.series?.count || event.count || 1),
  { ...nameColumn, priority: 1 },
];

/** An event lives beside what it is about: in its namespace, or in `default` for cluster-scoped objects. */
function validate(event: Event): FieldError[] {
  const about = event.involvedObject;
  if (!about) return [required('involvedObject')];
  const field = 'involvedObject.namespace';
  if (about.namespace && about.namespace !== event.metadata.namespace) {
    return [invalidValue(field, about.namespace, 'does not match event.namespace')];
  }
  const own = event.metadata.namespace;
  if (!about.namespace && own !== 'default' && own !== 'kube-system') {
    return [invalidValue(field, '', 'does not match event.namespace')];
  }
  return [];
}

export const events: KindDefinition<Event> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  columns,
  hasStatus: false,
  servedVersions: [eventsGroupVersion],
  volatile: true,
  timeToLiveMs: 3_600_000,
  selectableFields: {
    'involvedObject.kind': (event) => event.involvedObject.kind ?? '',
    'involvedObject.namespace': (event) => event.involvedObject.namespace ?? '',
    'involvedObject.name': (event) => event.involvedObject.name ?? '',
    'involvedObject.uid': (event) => event.involvedObject.uid ?? '',
    'involvedObject.apiVersion': (event) => event.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': (event) => event.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': (event) => event.involvedObject.fieldPath ?? '',
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent || event.source?.component || '',
    source: (event) => event.source?.component || event.reportingComponent || '',
    type: (event) => event.type ?? '',
  },
  validate,
};
