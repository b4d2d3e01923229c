// ReplicationController: names, columns, defaults and rules.
import { ageColumn, column, nameColumn, wideColumn } from '../columns.ts';
import { required } from '../field-error.ts';
import { formatLabels, selectorFromLabels } from '../label-selector.ts';
import { validateLabels } from '../metadata.ts';
import type { KubeObject, ReplicationController } from '../objects.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import {
  setTemplateDefaults,
  validateAlwaysRunning,
  validateSelected,
  validateTemplate,
} from '../pod-spec/template.ts';
import type { Column, KindDefinition, ScalePaths } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';
import { templateColumns } from './template-columns.ts';

const TEMPLATE = 'spec.template';

const scale: ScalePaths = {
  specReplicas: (object) => (object as ReplicationController).spec.replicas ?? 0,
  setSpecReplicas: (object: KubeObject, replicas) => {
    (object as ReplicationController).spec.replicas = replicas;
  },
  statusReplicas: (object) => (object as ReplicationController).status?.replicas ?? 0,
  selector: (object) => formatLabels((object as ReplicationController).spec.selector),
};

const templateOf = (rc: ReplicationController) => rc.spec.template;

const columns: readonly Column<ReplicationController>[] = [
  nameColumn,
  column('Desired', 'Number of pods that should run.', (rc) => rc.spec.replicas ?? 0, 'integer'),
  column('Current', 'Number of pods that exist.', (rc) => rc.status?.replicas ?? 0, 'integer'),
  column('Ready', 'Number of pods that are ready.', (rc) => rc.status?.readyReplicas ?? 0, 'integer'),
  ageColumn,
  ...templateColumns(templateOf),
  wideColumn('Selector', 'Labels that its pods carry.', (rc) => formatLabels(rc.spec.selector) || '<none>'),
];

function setDefaults(rc: ReplicationController): void {
  rc.spec ??= {};
  rc.spec.replicas ??= 1;
  const labels = rc.spec.template?.metadata?.labels;
  if (labels && Object.keys(rc.spec.selector ?? {}).length === 0) rc.spec.selector = { ...labels };
  if (labels && Object.keys(rc.metadata.labels ?? {}).length === 0) rc.metadata.labels = { ...labels };
  if (rc.spec.template) setTemplateDefaults(rc.spec.template);
}

function validate(rc: ReplicationController): FieldError[] {
  const { selector = {}, template, replicas, minReadySeconds } = rc.spec;
  const errors = [
    ...nonNegative(minReadySeconds, 'spec.minReadySeconds'),
    ...validateLabels(selector, 'spec.selector'),
    ...nonNegative(replicas, 'spec.replicas'),
  ];
  if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
  if (!template) errors.push(required(TEMPLATE));
  else {
    errors.push(
      ...validateSelected(template, selectorFromLabels(selector), TEMPLATE),
      ...validateTemplate(template, TEMPLATE),
      ...validateAlwaysRunning(template, 'ReplicationController', TEMPLATE),
    );
  }
  return errors;
}

export const replicationControllers: KindDefinition<ReplicationController> = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  columns,
  hasStatus: true,
  scale,
  defaultPropagation: 'Orphan',
  selectableFields: { 'status.replicas': (rc) => String(rc.status?.replicas ?? 0) },
  setDefaults,
  validate,
};
