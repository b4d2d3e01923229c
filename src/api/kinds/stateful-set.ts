// StatefulSet: names, columns and defaults. Its rules stand in stateful-set-rules.ts.
// Source: pkg/apis/apps/v1/defaults.go
import { ageColumn, column, nameColumn } from '../columns.ts';
import type { apps, core, StatefulSet } from '../objects.ts';
import { setTemplateDefaults } from '../pod-spec/template.ts';
import type { Column, KindDefinition } from '../scheme.ts';
import { setClaimDefaults } from './persistent-volume-claim.ts';
import { replicaScale } from './replica-scale.ts';
import { validateStatefulSet, validateStatefulSetUpdate } from './stateful-set-rules.ts';
import { templateColumns } from './template-columns.ts';

const columns: readonly Column<StatefulSet>[] = [
  nameColumn,
  column('Ready', 'Number of the pod with ready state.', ({ spec, status }) => {
    return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`;
  }),
  ageColumn,
  ...templateColumns<StatefulSet>(({ spec }) => spec.template),
];

function setStrategyDefaults(spec: apps.StatefulSetSpec): void {
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0;
}

/** Upstream shows the kind of each claim in the template as well. */
function setClaimTemplateDefaults(claim: core.PersistentVolumeClaim): void {
  claim.apiVersion ||= 'v1';
  claim.kind ||= 'PersistentVolumeClaim';
  setClaimDefaults(claim);
}

function setDefaults(set: StatefulSet): void {
  set.spec ??= {} as apps.StatefulSetSpec;
  const { spec } = set;
  spec.podManagementPolicy ||= 'OrderedReady';
  setStrategyDefaults(spec);
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= {};
  setTemplateDefaults(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) setClaimTemplateDefaults(claim);
}

export const statefulSets: KindDefinition<StatefulSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  columns,
  hasStatus: true,
  scale: replicaScale,
  setDefaults,
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
};
