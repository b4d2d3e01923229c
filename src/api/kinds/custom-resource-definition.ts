// CustomResourceDefinition: names, columns, defaults and rules. What it defines is made in src/api/custom.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
import { column, nameColumn } from '../columns.ts';
import type { apiextensions, CustomResourceDefinition } from '../objects.ts';
import type { KindDefinition } from '../scheme.ts';
import type { Writable } from '../writable.ts';
import { validateDefinition, validateDefinitionUpdate } from './custom-definition-rules.ts';

function setDefaults({ spec }: CustomResourceDefinition): void {
  if (!spec?.names) return;
  const writable: Writable<apiextensions.CustomResourceDefinitionSpec> = spec;
  const names: Writable<apiextensions.CustomResourceDefinitionNames> = spec.names;
  if (names.kind) {
    names.singular ||= names.kind.toLowerCase();
    names.listKind ||= `${names.kind}List`;
  }
  writable.conversion ??= { strategy: 'None' };
}

function warnings({ spec }: CustomResourceDefinition): string[] {
  if (spec?.conversion?.strategy !== 'Webhook') return [];
  return ['spec.conversion: stored, not called: every version shows the stored fields as they are'];
}

export const customResourceDefinitions: KindDefinition<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  columns: [
    nameColumn,
    column(
      'Created At',
      'When the server created it.',
      ({ metadata }) => metadata.creationTimestamp ?? '',
      'date-time',
    ),
  ],
  hasStatus: true,
  setDefaults,
  validate: validateDefinition,
  validateUpdate: validateDefinitionUpdate,
  warnings,
};
