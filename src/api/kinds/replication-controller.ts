// ReplicationController: names, columns, defaults and rules.
import { ageColumn, column, listed, nameColumn, wideColumn } from '../columns.ts';
import { forbiddenField, invalidValue, notSupported, required } from '../field-error.ts';
import { formatLabels, matchesSelectorMap } from '../label-selector.ts';
import { validateAnnotations, validateLabels } from '../metadata.ts';
import type { core, KubeObject, ReplicationController } from '../objects.ts';
import { setPodSpecDefaults } from '../pod-spec/defaults.ts';
import { nonNegative } from '../pod-spec/numbers.ts';
import { validatePodSpec } from '../pod-spec/validate-spec.ts';
import type { Column, KindDefinition, ScalePaths } from '../scheme.ts';
import type { FieldError } from '../status-error.ts';

const TEMPLATE = 'spec.template';

const scale: ScalePaths = {
  specReplicas: (object) => (object as ReplicationController).spec.replicas ?? 0,
  setSpecReplicas: (object: KubeObject, replicas) => {
    (object as ReplicationController).spec.replicas = replicas;
  },
  statusReplicas: (object) => (object as ReplicationController).status?.replicas ?? 0,
  selector: (object) => formatLabels((object as ReplicationController).spec.selector),
};

const containersOf = (rc: ReplicationController) => rc.spec.template?.spec?.containers ?? [];

const columns: readonly Column<ReplicationController>[] = [
  nameColumn,
  column('Desired', 'Number of pods that should run.', (rc) => rc.spec.replicas ?? 0, 'integer'),
  column('Current', 'Number of pods that exist.', (rc) => rc.status?.replicas ?? 0, 'integer'),
  column('Ready', 'Number of pods that are ready.', (rc) => rc.status?.readyReplicas ?? 0, 'integer'),
  ageColumn,
  wideColumn('Containers', 'Names of each container in the template.', (rc) =>
    listed(containersOf(rc).map((container) => container.name)),
  ),
  wideColumn('Images', 'Images of each container in the template.', (rc) =>
    listed(containersOf(rc).map((container) => container.image ?? '')),
  ),
  wideColumn('Selector', 'Labels that its pods carry.', (rc) => formatLabels(rc.spec.selector) || '<none>'),
];

function setDefaults(rc: ReplicationController): void {
  rc.spec ??= {};
  rc.spec.replicas ??= 1;
  const labels = rc.spec.template?.metadata?.labels;
  if (labels && Object.keys(rc.spec.selector ?? {}).length === 0) rc.spec.selector = { ...labels };
  if (labels && Object.keys(rc.metadata.labels ?? {}).length === 0) rc.metadata.labels = { ...labels };
  if (rc.spec.template?.spec) setPodSpecDefaults(rc.spec.template.spec);
}

function validateTemplate(
  template: core.PodTemplateSpec,
  selector: Readonly<Record<string, string>>,
): FieldError[] {
  const { metadata, spec } = template;
  const errors: FieldError[] = [];
  if (!matchesSelectorMap(selector, metadata?.labels)) {
    const why = '`selector` does not match template `labels`';
    errors.push(invalidValue(`${TEMPLATE}.metadata.labels`, metadata?.labels, why));
  }
  errors.push(
    ...validateLabels(metadata?.labels, `${TEMPLATE}.labels`),
    ...validateAnnotations(metadata?.annotations, `${TEMPLATE}.annotations`),
  );
  if (!spec) return [...errors, required(`${TEMPLATE}.spec.containers`)];
  errors.push(...validatePodSpec(spec, `${TEMPLATE}.spec`));
  if (spec.restartPolicy !== 'Always') {
    errors.push(notSupported(`${TEMPLATE}.spec.restartPolicy`, spec.restartPolicy, ['Always']));
  }
  if (spec.activeDeadlineSeconds !== undefined) {
    const why = 'activeDeadlineSeconds in ReplicationController is not Supported';
    errors.push(forbiddenField(`${TEMPLATE}.spec.activeDeadlineSeconds`, why));
  }
  return errors;
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
  else errors.push(...validateTemplate(template, selector));
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
