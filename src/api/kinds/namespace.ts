// Namespace: names, columns, defaults and rules.
import { ageColumn, column, nameColumn } from '../columns.ts';
import { invalidEach } from '../field-error.ts';
import { qualifiedNameProblems } from '../names.ts';
import type { Namespace } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

/**
 * The finalizer holds a deleted namespace until its content is gone, so it is given only to one that is not
 * being deleted: `finalize` must be able to take it away.
 */
function setDefaults(namespace: Namespace): void {
  const { metadata } = namespace;
  if (metadata.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
  if (metadata.deletionTimestamp !== undefined) return;
  namespace.spec ??= {};
  if (!namespace.spec.finalizers?.length) namespace.spec.finalizers = ['kubernetes'];
  namespace.status = { ...namespace.status, phase: namespace.status?.phase ?? 'Active' };
}

export const namespaces: KindDefinition<Namespace> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  categories: [],
  namespaced: false,
  columns: [
    nameColumn,
    column('Status', 'The status of the namespace.', (namespace) => namespace.status?.phase ?? ''),
    ageColumn,
  ],
  hasStatus: true,
  nameRule: 'label',
  selectableFields: { 'status.phase': (namespace) => namespace.status?.phase ?? '' },
  setDefaults,
  validate: (namespace) =>
    (namespace.spec?.finalizers ?? []).flatMap((name, i) =>
      invalidEach(`spec.finalizers[${i}]`, name, qualifiedNameProblems(name)),
    ),
};
