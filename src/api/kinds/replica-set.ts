// ReplicaSet: names, columns, defaults and rules.
// Source: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation ValidateReplicaSet
import { isDeepStrictEqual } from 'node:util';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { immutable } from '../field-error.ts';
import { selectorFromObject } from '../label-selector.ts';
import type { apps, ReplicaSet } from '../objects.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import {
  podNameWarnings,
  setTemplateDefaults,
  validateAlwaysRunning,
  validateSelected,
  validateTemplate,
} from '../pod-spec/template.ts';
import { validateOwnSelector } from '../pod-spec/validate-selector.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { replicaScale } from './replica-scale.ts';
import { selectorColumn, templateColumns } from './template-columns.ts';

const columns: readonly Column<ReplicaSet>[] = [
  nameColumn,
  column('Desired', 'Number of pods that should run.', (rs) => rs.spec.replicas ?? 0, 'integer'),
  column('Current', 'Number of pods that exist.', (rs) => rs.status?.replicas ?? 0, 'integer'),
  column('Ready', 'Number of pods that are ready.', (rs) => rs.status?.readyReplicas ?? 0, 'integer'),
  ageColumn,
  ...templateColumns<ReplicaSet>(({ spec }) => spec.template),
  selectorColumn<ReplicaSet>(({ spec }) => spec.selector),
];

function setDefaults(rs: ReplicaSet): void {
  rs.spec ??= {} as apps.ReplicaSetSpec;
  rs.spec.replicas ??= 1;
  rs.spec.template ??= {};
  setTemplateDefaults(rs.spec.template);
}

function validate({ spec }: ReplicaSet): FieldError[] {
  const template = spec.template ?? {};
  return [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    // Upstream says "deployment" here too.
    ...validateOwnSelector(spec.selector, 'deployment', 'spec.selector'),
    ...validateSelected(template, selectorFromObject(spec.selector), 'spec.template'),
    ...validateTemplate(template, 'spec.template'),
    ...validateAlwaysRunning(template, 'ReplicaSet', 'spec.template'),
  ];
}

export const replicaSets: KindDefinition<ReplicaSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  columns,
  hasStatus: true,
  scale: replicaScale,
  selectableFields: { 'status.replicas': (rs) => String(rs.status?.replicas ?? 0) },
  setDefaults,
  warnings: ({ metadata }) => podNameWarnings(metadata.name),
  validate,
  validateUpdate: (next, previous) =>
    isDeepStrictEqual(next.spec.selector, previous.spec.selector)
      ? []
      : [immutable('spec.selector', next.spec.selector)],
};
