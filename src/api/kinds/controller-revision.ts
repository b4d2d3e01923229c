// ControllerRevision: names, columns and rules. A snapshot that a controller keeps; its data never changes.
// Source: pkg/apis/apps/validation ValidateControllerRevision
import { isDeepStrictEqual } from 'node:util';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { immutable, required } from '../field-error.ts';
import type { ControllerRevision } from '../objects.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import { groupOf, type KindDefinition } from '../scheme.ts';

/** Such as `statefulset.apps/web`. */
function controllerText({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller);
  if (!owner) return '<none>';
  const group = groupOf(owner.apiVersion);
  return `${owner.kind.toLowerCase()}${group && `.${group}`}/${owner.name}`;
}

export const controllerRevisions: KindDefinition<ControllerRevision> = {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  shortNames: [],
  categories: [],
  namespaced: true,
  columns: [
    nameColumn,
    column('Controller', 'Who keeps this revision.', controllerText),
    column('Revision', 'Its number.', (revision) => revision.revision ?? 0),
    ageColumn,
  ],
  hasStatus: false,
  setDefaults(revision) {
    revision.revision ??= 0;
  },
  validate: ({ data, revision }) => [
    ...(data === undefined || data === null ? [required('data', 'data is mandatory')] : []),
    ...nonNegative(revision, 'revision'),
  ],
  validateUpdate: (next, previous) =>
    isDeepStrictEqual(next.data, previous.data) ? [] : [immutable('data', next.data)],
};
