// Deployment: names, columns, defaults and rules.
// Source: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation ValidateDeployment
import { isDeepStrictEqual } from 'node:util';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { forbiddenField, immutable, invalidValue, notSupported } from '../field-error.ts';
import { atMostAll, isNone, validateIntOrPercent } from '../int-or-percent.ts';
import { selectorFromObject } from '../label-selector.ts';
import type { apps, Deployment } from '../objects.ts';
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

const STRATEGIES = ['Recreate', 'RollingUpdate'];
const DEFAULT_SHARE = '25%';

const columns: readonly Column<Deployment>[] = [
  nameColumn,
  column('Ready', 'Number of the pod with ready state.', ({ spec, status }) => {
    return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`;
  }),
  column('Up-to-date', 'Pods of the newest template.', ({ status }) => status?.updatedReplicas ?? 0),
  column('Available', 'Pods ready for long enough.', ({ status }) => status?.availableReplicas ?? 0),
  ageColumn,
  ...templateColumns<Deployment>(({ spec }) => spec.template),
  selectorColumn<Deployment>(({ spec }) => spec.selector),
];

function setStrategyDefaults(strategy: apps.DeploymentStrategy): void {
  strategy.type ||= 'RollingUpdate';
  if (strategy.type !== 'RollingUpdate') return;
  strategy.rollingUpdate ??= {};
  strategy.rollingUpdate.maxUnavailable ??= DEFAULT_SHARE;
  strategy.rollingUpdate.maxSurge ??= DEFAULT_SHARE;
}

function setDefaults(deployment: Deployment): void {
  deployment.spec ??= {} as apps.DeploymentSpec;
  const { spec } = deployment;
  spec.replicas ??= 1;
  spec.template ??= {};
  setTemplateDefaults(spec.template);
  spec.strategy ??= {};
  setStrategyDefaults(spec.strategy);
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function validateRollingUpdate(update: apps.RollingUpdateDeployment, field: string): FieldError[] {
  const { maxUnavailable, maxSurge } = update;
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${field}.maxSurge`),
  ];
  if (isNone(maxUnavailable) && isNone(maxSurge)) {
    const why = 'may not be 0 when `maxSurge` is 0';
    errors.push(invalidValue(`${field}.maxUnavailable`, maxUnavailable, why));
  }
  return [...errors, ...atMostAll(maxUnavailable, `${field}.maxUnavailable`)];
}

function validateStrategy(strategy: apps.DeploymentStrategy, field: string): FieldError[] {
  const { type, rollingUpdate } = strategy;
  if (!type || !STRATEGIES.includes(type)) return [notSupported(field, strategy, STRATEGIES)];
  if (!rollingUpdate) return [];
  if (type === 'RollingUpdate') return validateRollingUpdate(rollingUpdate, `${field}.rollingUpdate`);
  return [
    forbiddenField(`${field}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"),
  ];
}

function validateDeadline({
  progressDeadlineSeconds,
  minReadySeconds = 0,
}: apps.DeploymentSpec): FieldError[] {
  const field = 'spec.progressDeadlineSeconds';
  const errors = nonNegative(progressDeadlineSeconds, field);
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds) {
    errors.push(invalidValue(field, progressDeadlineSeconds, 'must be greater than minReadySeconds'));
  }
  return errors;
}

function validate({ spec }: Deployment): FieldError[] {
  return [
    ...nonNegative(spec.replicas, 'spec.replicas'),
    ...validateOwnSelector(spec.selector, 'deployment', 'spec.selector'),
    ...validateSelected(spec.template, selectorFromObject(spec.selector), 'spec.template'),
    ...validateTemplate(spec.template, 'spec.template'),
    ...validateAlwaysRunning(spec.template, 'ReplicaSet', 'spec.template'),
    ...validateStrategy(spec.strategy ?? {}, 'spec.strategy'),
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'),
    ...validateDeadline(spec),
  ];
}

export const deployments: KindDefinition<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  columns,
  hasStatus: true,
  scale: replicaScale,
  setDefaults,
  warnings: ({ metadata }) => podNameWarnings(metadata.name),
  validate,
  validateUpdate: (next, previous) =>
    isDeepStrictEqual(next.spec.selector, previous.spec.selector)
      ? []
      : [immutable('spec.selector', next.spec.selector)],
};
