// The lines that every description begins with, and small forms that several share.
import { LAST_APPLIED_ANNOTATION } from '../../api/metadata.ts';
import type { meta } from '../../api/objects.ts';
import type { Report } from './report.ts';

export function pairs(map: Readonly<Record<string, string>> | undefined, separator = '='): string[] {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}${separator}${map?.[key]}`);
}

export function describeLabels(report: Report, metadata: meta.ObjectMeta, level = 0): void {
  // The whole object in one annotation tells nothing that the description does not.
  const { [LAST_APPLIED_ANNOTATION]: _, ...annotations } = metadata.annotations ?? {};
  report.list('Labels', pairs(metadata.labels), level);
  report.list('Annotations', pairs(annotations, ': '), level);
}

export function describeIdentity(report: Report, metadata: meta.ObjectMeta): void {
  report.line('Name', metadata.name);
  report.optional('Namespace', metadata.namespace);
}

/** The controller that owns the object, as `ReplicationController/web`. */
export function describeController(report: Report, metadata: meta.ObjectMeta): void {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller);
  if (owner) report.line('Controlled By', `${owner.kind}/${owner.name}`);
}

/** RFC 1123, as kubectl prints times. */
export function timeText(time: string | undefined): string | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : new Date(ms).toUTCString().replace('GMT', '+0000');
}
