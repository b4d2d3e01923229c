// events.k8s.io/v1: the same Events under the newer names of their fields. Nothing is lost in either direction.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
import type { Event, KubeObject } from '../objects.ts';
import type { ServedVersion } from '../scheme.ts';

/** Name in v1 → name in events.k8s.io/v1; fields that are not here have one name. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];
const newNames: ReadonlyMap<string, string> = new Map(RENAMED);
const oldNames: ReadonlyMap<string, string> = new Map(RENAMED.map(([older, newer]) => [newer, older]));

function renamed(object: KubeObject, names: ReadonlyMap<string, string>): KubeObject {
  const entries = Object.entries(object).map(([field, value]) => [names.get(field) ?? field, value]);
  return Object.fromEntries(entries) as KubeObject;
}

const regarding =
  (field: 'kind' | 'namespace' | 'name' | 'uid' | 'apiVersion' | 'resourceVersion' | 'fieldPath') =>
  (event: Event) =>
    event.involvedObject?.[field] ?? '';

export const eventsGroupVersion: ServedVersion = {
  group: 'events.k8s.io',
  version: 'v1',
  fromStored: (object) => renamed(object, newNames),
  toStored: (object) => renamed(object, oldNames),
  selectableFields: {
    'regarding.kind': regarding('kind'),
    'regarding.namespace': regarding('namespace'),
    'regarding.name': regarding('name'),
    'regarding.uid': regarding('uid'),
    'regarding.apiVersion': regarding('apiVersion'),
    'regarding.resourceVersion': regarding('resourceVersion'),
    'regarding.fieldPath': regarding('fieldPath'),
    reason: (event: Event) => event.reason ?? '',
    reportingController: (event: Event) => event.reportingComponent || event.source?.component || '',
    type: (event: Event) => event.type ?? '',
  },
};
